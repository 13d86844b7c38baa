export interface Pipeline {
  readonly name: string;
}
