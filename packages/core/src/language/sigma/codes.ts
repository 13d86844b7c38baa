import type { CodeFacts } from '../diagnostics/code-facts.ts';

/** E6, W6: rules of Sigma. */
export const sigmaCodes: readonly CodeFacts[] = [
  {
    code: 'E631',
    title: 'an order of some of the rules',
    why: 'which of them must come in which order is not said',
  },
  {
    code: 'E601',
    title: 'not YAML',
    why: 'the document cannot be read; the others of the file are',
  },
  {
    code: 'E602',
    title: 'not as a Sigma rule is built',
    why: 'the rule cannot be read as its author means it',
  },
  {
    code: 'E603',
    title: 'a form that was taken out of Sigma',
    why: 'Sigma 2 has another form for it, which says the same without doubt',
  },
  {
    code: 'E610',
    title: 'a modifier that is not known, or contradicts another',
    why: 'left out silently, the rule would find something else',
    example: 'CommandLine|contians: whoami',
  },
  {
    code: 'E611',
    title: 'a value that its modifier cannot take',
    why: 'there is nothing that an event could be compared with',
    example: 'SourceIp|cidr: 10.0.0.0/99',
  },
  { code: 'E612', title: 'a condition that cannot be read', why: 'it says when the rule holds' },
  {
    code: 'E613',
    title: 'a condition that names a detection which is not there',
    why: 'a misspelt name would make a rule that never holds, or always',
    example: 'condition: selection and not filtre',
  },
  {
    code: 'E620',
    title: 'a rule that asks for a list',
    why: 'what stands between % signs is to be filled in by those who run the rule',
    try: 'declare a list of this name under lists: in weir.yaml, or give it as vars of a pipeline',
  },
  {
    code: 'E621',
    title: 'a rule that is not loaded',
    why: 'a correlation reads the events of other rules, and a filter changes other rules',
    try: 'load it beside this one; rules are named by their id or name',
  },
  {
    code: 'E622',
    title: 'correlations that read each other in a circle',
    why: 'none of them could be first',
  },
  {
    code: 'E623',
    title: 'a pipeline that refuses the rule',
    why: 'the pipeline says that such a rule cannot be meant for its logs',
  },
  {
    code: 'E630',
    title: 'a pipeline that cannot be read',
    why: 'left out silently, rules would read other fields than meant',
  },
  {
    code: 'W601',
    title: "not as Sigma's schema asks",
    why: 'the rule runs; other tools may refuse it',
  },
  {
    code: 'W602',
    title: 'a filter that filters nothing',
    why: 'no rule that is loaded has this name and log source',
  },
];
