import { TagsInput } from '@mantine/core';
import { useState } from 'react';

const LABEL = /^([a-z][a-z0-9_.-]{0,39})=(.{0,100})$/;

interface LabelsInputProps {
  readonly labels: Readonly<Record<string, string>>;
  readonly onChange: (labels: Record<string, string>) => void;
}

/** Labels as `env=prod` words. What is no label is refused with the form it must have. */
export function LabelsInput({ labels, onChange }: LabelsInputProps) {
  const [refused, setRefused] = useState<string | null>(null);
  const put = (words: string[]) => {
    const bad = words.find(word => !LABEL.test(word));
    setRefused(bad ?? null);
    onChange(
      Object.fromEntries(
        words.flatMap(word => {
          const [, name, value] = LABEL.exec(word) ?? [];
          return name === undefined ? [] : [[name, value ?? '']];
        }),
      ),
    );
  };
  return (
    <TagsInput
      label="Labels"
      description="Group queries choose hosts by them, for example env=prod. Enter after each"
      placeholder={Object.keys(labels).length === 0 ? 'env=prod' : ''}
      value={Object.entries(labels).map(([name, value]) => `${name}=${value}`)}
      onChange={put}
      splitChars={[',', ' ']}
      acceptValueOnBlur
      error={refused === null ? undefined : `“${refused}” is no label: write name=value, the name in lower case`}
    />
  );
}
