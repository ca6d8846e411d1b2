// The resource and scope of everything that we make.
export interface OwnResource {
  readonly resource: { readonly attributes: Readonly<Record<string, string>> };
  readonly scope: { readonly name: string; readonly version: string };
}
