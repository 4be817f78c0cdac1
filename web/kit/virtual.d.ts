declare module "drawer:*" {
  const parts: { language: string; file: string; code: string }[];
  export default parts;
}
