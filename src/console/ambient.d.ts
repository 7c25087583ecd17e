declare module '*.css';
declare module '*.module.css' {
  const classes: Readonly<Record<string, string>>;
  export default classes;
}
/** Made by vite.config.ts from the contract; `data/client.ts` gives it its type. */
declare module 'virtual:fettle-routes' {
  export const routes: unknown;
}
