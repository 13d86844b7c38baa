/** A plain value: what JSON can say. An integer that a double cannot hold exactly is the string of its digits. */
export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** One step after the other from the event down to a value, as written: `event.a['b.c']` is `['a', 'b.c']`. */
export type Path = readonly string[];
