import { javascriptCodes } from '../code/codes.ts';
import { sigmaCodes } from '../sigma/codes.ts';
import type { CodeFacts } from './code-facts.ts';

/** E1: the text of a rule. */
const textCodes: readonly CodeFacts[] = [
  {
    code: 'E101',
    title: 'text outside a rule',
    why: 'a file holds rules, and a rule begins with RULE and its name in quotes',
    try: 'RULE "name"',
  },
  {
    code: 'E102',
    title: 'not a clause',
    why: 'a misspelt clause would be left out silently, and the rule would find something else',
    example: 'FILTRE event.code == 4625',
  },
  {
    code: 'E103',
    title: 'something else was expected here',
    why: 'the clause cannot be read as written',
  },
  {
    code: 'E104',
    title: 'a clause is given twice',
    why: 'it is not clear which of them holds',
    try: 'leave one of them out',
  },
  {
    code: 'E105',
    title: 'a string, name or comment is not closed or not written right',
    why: 'all that follows would be read as part of it',
  },
  {
    code: 'E106',
    title: 'a value without quotes',
    why: 'without quotes a value could be taken for a field or a clause',
    example: 'SOURCES product = windows',
  },
  {
    code: 'E107',
    title: 'not a span of time',
    why: 'a span is a positive whole number and a unit',
    try: 'write it like 5:min, 30:sec or 1:day',
    example: 'WITHIN 5:mni',
  },
  { code: 'E108', title: 'not JavaScript', why: 'the code of this clause cannot be read' },
  {
    code: 'E109',
    title: "another language's operator",
    why: 'code in rules is JavaScript',
    example: 'FILTER event.a == 1 and event.b == 2',
  },
  {
    code: 'E111',
    title: 'AGGREGATE BY without WITHIN',
    why: 'without an end a window would be kept for ever',
  },
  {
    code: 'E112',
    title: 'a clause about many events in a rule about one',
    why: 'without AGGREGATE BY each event is looked at alone',
  },
  {
    code: 'E113',
    title: 'not one of the words that may stand here',
    why: 'only these words have a meaning here',
    example: 'SEVERITY hihg',
  },
  {
    code: 'E114',
    title: 'a test that cannot be read',
    why: 'events of a test are plain values, so that they mean the same everywhere',
  },
  {
    code: 'E115',
    title: 'SELECT beside another clause that says the same',
    why: 'SELECT lists the fields of the result, as SINK and a HAVING that is a function do',
  },
  { code: 'E116', title: 'not a file of rules', why: 'rules are text' },
];

/** Clauses that the language has and this version does not run. `docs/language.md` lists them under "Not yet". */
export const notYet: readonly (CodeFacts & { readonly words: string })[] = (
  [
    ['E170', 'LOOKUP'],
    ['E171', 'ENRICH'],
    ['E172', 'MODEL'],
    ['E178', 'ACTION'],
    ['E180', 'SCORE'],
    ['E181', 'tables.put'],
    ['E186', 'PATH'],
    ['E187', 'METRIC'],
    ['E188', 'firstSeen, rare, baseline'],
    ['E193', 'a correlation of correlations'],
  ] as const
).map(([code, words]) => ({
  code,
  words,
  title: `${words} is not built yet`,
  why: 'a rule that runs without a part of it would find something else than its author means',
  try: 'wait for the version that has it, or write the rule without',
}));

/** E2: rules that can be read and cannot be meant. */
const checkCodes: readonly CodeFacts[] = [
  {
    code: 'E201',
    title: 'two rules of one name',
    why: 'the name (or ID) says whose result it is; two of them could not be told apart',
    try: 'give one of them another name or an ID',
  },
  {
    code: 'E202',
    title: 'a list that nobody declared',
    why: 'without its rows nothing could be found in it',
    try: 'declare it under lists: in weir.yaml',
  },
  {
    code: 'E203',
    title: 'a slide longer than the window',
    why: 'events between two windows would be in none',
    example: 'WITHIN 1:min, 5:min',
  },
  { code: 'E204', title: 'two keys of one name', why: 'a result names its key by these names' },
  {
    code: 'E205',
    title: 'previous() in a window that has no previous one',
    why: 'only tumbling and hopping windows have one that lies one slide earlier',
  },
  { code: 'E206', title: 'a first step that is next to something', why: 'nothing comes before it' },
  {
    code: 'E207',
    title: 'WITHIN of an absence between two steps',
    why: 'it reaches from the event of the one to that of the other',
  },
  {
    code: 'E208',
    title: 'a leading absence without WITHIN',
    why: 'nobody can look back for ever',
    example: 'ABSENT c FILTER … WITHIN 10:min',
  },
  {
    code: 'E209',
    title: 'a strict step without input',
    why: 'the very next event is the next one of the input, which only SOURCES, FILTER or a list of the rule can say',
    example: 'FILTER true SEQUENCE BY … STEP a … STEP b NEXT …',
  },
  { code: 'E210', title: 'keys of another number', why: 'keys of parts are compared one by one' },
  {
    code: 'E211',
    title: 'a sequence of too many positions',
    why: 'an event is held against each of them',
    try: 'count with AGGREGATE BY, and let a sequence read the results',
  },
  { code: 'E212', title: 'too many conditions', why: 'an event is held against each of them' },
  {
    code: 'E213',
    title: 'a rule that looks at each result alone',
    why: 'a result may be withdrawn, and what was made of it with it',
    example: 'SOURCES $rule = "…" AGGREGATE BY $id WITHIN 1:events',
  },
  {
    code: 'E214',
    title: 'rules that read each other in a circle',
    why: 'none of them could be the first to have results',
    try: 'name rules ($rule) instead of tags or severities that they all have',
  },
  {
    code: 'E215',
    title: 'a part of ALL that asks for an order',
    why: 'its steps may come in any order',
    try: 'write a SEQUENCE',
  },
  { code: 'E216', title: 'SKIP TO a step that is none', why: 'no match can be forbidden by it' },
  {
    code: 'E218',
    title: 'an output that nobody declared',
    why: 'what the rule finds would go nowhere',
  },
  { code: 'E217', title: 'no step', why: 'there is nothing that could be found' },
];

/** E4: weir.yaml. */
const configCodes: readonly CodeFacts[] = [
  { code: 'E401', title: 'not YAML', why: 'the file cannot be read' },
  {
    code: 'E402',
    title: 'an entry that is not known',
    why: 'a misspelt entry would be left out silently',
  },
  { code: 'E403', title: 'a value of the wrong kind', why: 'the entry cannot be read as written' },
  {
    code: 'E404',
    title: 'a source without a field that it needs',
    why: 'the source cannot be read without it',
  },
];

/** W5: the rule runs, and perhaps not as meant. */
const warningCodes: readonly CodeFacts[] = [
  {
    code: 'W501',
    title: 'no SOURCES',
    why: 'every event of the tenant is tried, and every source holds the clock back',
    try: 'name what it reads: SOURCES $source = "…"',
  },
  {
    code: 'W502',
    title: 'a source that nobody declared',
    why: 'no event can come from it',
    try: 'compare with the names under sources: in weir.yaml',
  },
  {
    code: 'W503',
    title: 'a rule that keeps every event',
    why: 'without FILTER, SOURCES or a list each event is a result',
  },
  {
    code: 'W504',
    title: 'a window of a number of events that never expires',
    why: 'the last events of each key are kept until enough others come, which may be never',
    try: 'add EXPIRES: WITHIN 100:events EXPIRES 1:day',
  },
  {
    code: 'W505',
    title: 'WITHIN of a step that is repeated',
    why: 'it is not the span of the loop, but the distance of each event from the one before',
  },
  {
    code: 'W506',
    title: 'a leading step that may be left out',
    why: 'a match that begins without it loses its evidence',
    try: 'write two rules, or look back with HAVING',
  },
  {
    code: 'W507',
    title: 'a comparison with an earlier step that belongs into BY',
    why: 'under one key a second attack is lost under SKIP PAST LAST, and each match in the making is asked',
    example: 'STEP b FILTER (event, match) => event.user == match.a.user',
  },
  {
    code: 'W508',
    title: 'SKIP TO FIRST of the step that matches begin with',
    why: 'it forbids nothing',
  },
  {
    code: 'W509',
    title: 'a part that can never match',
    why: 'its conditions contradict each other or those of the rule',
  },
];

export const codes: readonly CodeFacts[] = [
  ...textCodes,
  ...notYet,
  ...checkCodes,
  ...javascriptCodes,
  ...sigmaCodes,
  ...configCodes,
  ...warningCodes,
];

const byCode = new Map<string, CodeFacts>(codes.map((facts) => [facts.code, facts]));

export const codeFacts = (code: string): CodeFacts | undefined => byCode.get(code);
