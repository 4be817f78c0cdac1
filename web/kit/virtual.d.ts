declare module "drawer:*" {
  const parts: { language: string; file: string; code: string }[];
  export default parts;
}

declare module "virtual:demos" {
  const demos: { name: string; title: string; sentence: string }[];
  export default demos;
}
