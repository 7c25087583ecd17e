import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core';

const steel: MantineColorsTuple = [
  '#eef4fb',
  '#dbe7f5',
  '#b4cdea',
  '#8ab2df',
  '#6699d4',
  '#4380c8',
  '#2f6db5',
  '#245a9a',
  '#1d4a80',
  '#163a66',
];
/** Mantine's red is too light below white text in both schemes. */
const red: MantineColorsTuple = [
  '#fff5f5',
  '#ffe3e3',
  '#ffc9c9',
  '#ffa8a8',
  '#ff8787',
  '#e5484d',
  '#c92a2a',
  '#b3261e',
  '#9b1c16',
  '#7f1510',
];
const dark: MantineColorsTuple = [
  '#d7dbe2',
  '#b8bfca',
  '#98a1af',
  '#7d8797',
  '#3a4250',
  '#2b323e',
  '#222833',
  '#191e27',
  '#12161d',
  '#0c0f14',
];

/** Every tone has one text colour per scheme with at least 4.5:1 on the page, on striped rows and on its own soft background. */
const TONES = ['good', 'warn', 'bad', 'info', 'quiet'] as const;
export type Tone = (typeof TONES)[number];
const LIGHT: Record<Tone, readonly [text: string, soft: string]> = {
  good: ['#1b6e30', '#e8f5eb'],
  warn: ['#805000', '#fff4dc'],
  bad: ['#a61e17', '#fdecea'],
  info: ['#1f548f', '#e9f1fa'],
  quiet: ['#59626e', '#f1f3f6'],
};
const DARK: Record<Tone, readonly [text: string, soft: string]> = {
  good: ['#72cf86', '#16301f'],
  warn: ['#e8bb50', '#352a10'],
  bad: ['#ff938a', '#3b1c1b'],
  info: ['#93baea', '#182c45'],
  quiet: ['#a0a9b7', '#252c37'],
};

function toneVariables(table: typeof LIGHT): Record<string, string> {
  return Object.fromEntries(
    TONES.flatMap(tone => [
      [`--tone-${tone}`, table[tone][0]],
      [`--soft-${tone}`, table[tone][1]],
    ]),
  );
}

/** Mantine's dimmed text and placeholders fail WCAG AA in both schemes; these pass. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    ...toneVariables(LIGHT),
    '--mantine-color-dimmed': LIGHT.quiet[0],
    '--mantine-color-placeholder': '#68717d',
    '--mantine-color-error': LIGHT.bad[0],
    '--line': '#dfe3e8',
    '--frame': '#868e9a',
    '--raised': '#f8f9fb',
  },
  dark: {
    ...toneVariables(DARK),
    '--mantine-color-dimmed': DARK.quiet[0],
    '--mantine-color-placeholder': '#98a1af',
    '--mantine-color-error': DARK.bad[0],
    '--line': '#303846',
    '--frame': '#6b7686',
    '--raised': '#1e242e',
  },
});

export const theme = createTheme({
  colors: { steel, red, dark },
  primaryColor: 'steel',
  primaryShade: { light: 7, dark: 6 },
  defaultRadius: 'sm',
  cursorType: 'pointer',
  fontFamily: '"Inter", system-ui, -apple-system, "Segoe UI", "Roboto", "DejaVu Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SFMono-Regular", "Menlo", "Consolas", "DejaVu Sans Mono", monospace',
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '20px' },
  headings: {
    fontWeight: '650',
    sizes: {
      h1: { fontSize: '20px', lineHeight: '1.3' },
      h2: { fontSize: '15px', lineHeight: '1.35' },
      h3: { fontSize: '13px', lineHeight: '1.4' },
    },
  },
  components: {
    // What is needed is said beside the button; a star on nearly every label says nothing.
    InputWrapper: { defaultProps: { withAsterisk: false } },
    Badge: { defaultProps: { tt: 'none', variant: 'light', radius: 'sm' } },
    Button: { defaultProps: { size: 'xs' } },
    TextInput: { defaultProps: { size: 'xs' } },
    PasswordInput: { defaultProps: { size: 'xs' } },
    NumberInput: { defaultProps: { size: 'xs' } },
    Textarea: { defaultProps: { size: 'xs' } },
    Select: { defaultProps: { size: 'xs', checkIconPosition: 'right' } },
    MultiSelect: { defaultProps: { size: 'xs' } },
    TagsInput: { defaultProps: { size: 'xs' } },
    FileInput: { defaultProps: { size: 'xs' } },
    Checkbox: { defaultProps: { size: 'xs' } },
    Radio: { defaultProps: { size: 'xs' } },
    SegmentedControl: { defaultProps: { size: 'xs' } },
    Tooltip: { defaultProps: { multiline: true, maw: 340, withArrow: true, events: { hover: true, focus: true, touch: true } } },
    Modal: { defaultProps: { closeButtonProps: { 'aria-label': 'Close' } }, styles: { title: { fontWeight: 650, lineHeight: 1.35 } } },
    Drawer: { defaultProps: { closeButtonProps: { 'aria-label': 'Close' } } },
    Table: { defaultProps: { verticalSpacing: 4, horizontalSpacing: 'xs', fz: 'sm' } },
  },
});
