/** Raised with every change of the agent that hosts should take up; the server shows it beside the host. */
export const AGENT_VERSION = '0.1.0';
