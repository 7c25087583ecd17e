import { z } from 'zod';
import { Empty, IdParams, Instant, route } from './contract.ts';

export const Group = z
  .object({ id: z.string(), name: z.string(), query: z.string(), description: z.string(), hosts: z.int(), createdAt: Instant })
  .meta({ id: 'Group' });
const GroupBody = z.object({
  name: z.string().min(1).max(100),
  query: z.string().max(2000),
  description: z.string().max(1000).default(''),
});

export const groups = {
  groupList: route({
    method: 'get',
    path: '/api/v1/groups',
    access: 'host.read',
    summary: 'Saved group queries with their present size',
    answer: z.object({ items: z.array(Group) }),
  }),
  groupCreate: route({
    method: 'post',
    path: '/api/v1/groups',
    access: 'group.write',
    summary: 'Save a group query',
    body: GroupBody,
    answer: Group,
  }),
  groupUpdate: route({
    method: 'put',
    path: '/api/v1/groups/{id}',
    access: 'group.write',
    summary: 'Change a group',
    params: IdParams,
    body: GroupBody,
    answer: Group,
  }),
  groupDelete: route({
    method: 'delete',
    path: '/api/v1/groups/{id}',
    access: 'group.write',
    summary: 'Delete a group; rollouts keep the hosts they froze',
    params: IdParams,
    answer: Empty,
  }),
  groupPreview: route({
    method: 'post',
    path: '/api/v1/groups/preview',
    access: 'host.read',
    summary: 'How many hosts a query matches now, with a sample, or where it is wrong',
    body: z.object({ query: z.string().max(2000) }),
    answer: z.object({
      hosts: z.int(),
      sample: z.array(z.string()),
      problem: z.object({ message: z.string(), position: z.int() }).nullable(),
    }),
  }),
};
