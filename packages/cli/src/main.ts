import { Command, CommanderError } from 'commander';
import { check, coverage, explain, print, test, type ExplainOptions } from './commands.ts';
import { EXIT, Failure } from './failure.ts';
import { flinkCommand } from './flink/flink-command.ts';
import { parked, release } from './parks/parks-commands.ts';
import { run, type RunOptions } from './run.ts';

const program = new Command('weir')
  .description(
    'Reads logs as they arrive, runs detection rules over them in event time, and says when events add up to an attack.',
  )
  .version('0.1.0')
  .exitOverride()
  .showHelpAfterError('(weir --help says more)')
  .addHelpText(
    'after',
    '\nExit codes: 0 all is well; 1 rules, tests or weir.yaml have errors; 2 it could not be done.\n',
  );

const config = [
  '--config <file>',
  'sources and lists; else the weir.yaml beside or above the rules, or here',
] as const;
const pipeline = [
  '--pipeline <names...>',
  'pipelines that rules of Sigma go through, besides those of weir.yaml: ready ones or files',
] as const;
const asJson = ['--json', 'one JSON value a line, for programs'] as const;

program
  .command('run')
  .description('stream files, folders or standard input through rules')
  .argument(
    '[files...]',
    'files, folders or patterns of JSON (also .gz, .zst); - or nothing: standard input',
  )
  .requiredOption('--rules <paths...>', 'files and folders of rules')
  .option(...config)
  .option(...pipeline)
  .option('--source <name>', 'the source that the files are of, if their names do not say')
  .option('--follow', 'go on reading as the files grow')
  .option(
    '--number-from <n>',
    'number of the first record of each file (1); offsets of topics begin with 0',
  )
  .option('--watch', 'with --follow: rules that are saved are live at once')
  .option(...asJson)
  .option('--final', 'with --json: only what is final')
  .option('--out <file>', 'write JSON lines to a file instead')
  .option('--parks <file>', 'keep note of rules that broke a limit, from run to run')
  .option('--defer <percent>', 'rules that take more of a processor run beside the others')
  .option('--top', 'with what each rule costs')
  .addHelpText('after', '\nExample:\n  weir run logs/*.ndjson.gz --rules rules')
  .action(async (files: string[], options: RunOptions) => {
    process.exitCode = await run(files, options);
  });

const command = (
  name: string,
  description: string,
  argument: string,
  about: string,
  example: string,
): Command =>
  program
    .command(name)
    .description(description)
    .argument(argument, about)
    .option(...config)
    .option(...pipeline)
    .option(...asJson)
    .addHelpText('after', `\nExample:\n  ${example}`);

program
  .command('top')
  .description('stream files through rules, and list what each rule costs')
  .argument('[files...]', 'as for run')
  .requiredOption('--rules <paths...>', 'files and folders of rules')
  .option(...config)
  .option(...pipeline)
  .option('--source <name>', 'the source that the files are of, if their names do not say')
  .option(...asJson)
  .addHelpText('after', '\nExample:\n  weir top logs/*.ndjson.gz --rules rules')
  .action(async (files: string[], options: RunOptions) => {
    process.exitCode = await run(files, { ...options, top: 'only' });
  });

const parksFile = ['--parks <file>', 'the file that weir run --parks writes'] as const;
program
  .command('parked')
  .description('list the rules that broke a limit and are left out')
  .requiredOption(...parksFile)
  .option(...asJson)
  .addHelpText('after', '\nExample:\n  weir parked --parks parks.ndjson')
  .action((options: Parameters<typeof parked>[0]) => {
    process.exitCode = parked(options);
  });
program
  .command('release')
  .description('bring parked rules back')
  .argument('<rules...>', 'their ids, as weir parked lists them')
  .requiredOption(...parksFile)
  .option(...asJson)
  .addHelpText('after', "\nExample:\n  weir release 'many-logons' --parks parks.ndjson")
  .action((rules: string[], options: Parameters<typeof parked>[0]) => {
    process.exitCode = release(rules, options);
  });

command(
  'check',
  'say everything that is wrong with rules',
  '<paths...>',
  'files and folders of rules',
  'weir check rules',
).action((paths: string[], options) => {
  process.exitCode = check(paths, options as object);
});
command(
  'test',
  'run the tests that rules bring along',
  '<paths...>',
  'files and folders of rules',
  'weir test rules',
).action((paths: string[], options) => {
  process.exitCode = test(paths, options as object);
});
command(
  'print',
  'print rules in canonical form; rules of Sigma as EPL',
  '<paths...>',
  'files and folders of rules',
  'weir print --as epl rules/sigma/rule.yml',
)
  .option('--as <language>', 'the language to print: epl', 'epl')
  .action((paths: string[], options) => {
    process.exitCode = print(paths, options as object);
  });
command(
  'explain',
  'explain a rule (what it reads, keeps and costs; why it did not fire) or a code',
  '<rule-or-code>',
  'a file or folder of rules, or a code such as E109',
  'weir explain E109',
)
  .option('--events <files...>', 'why did the rule not fire over these events?')
  .option('--key <name=value...>', 'with --events: for this key')
  .option('--rule <name>', 'with --events: the rule that is meant, of several')
  .option('--source <name>', 'with --events: the source that the files are of')
  .addHelpText('after', '\n  weir explain rules/logons.weir --events logs.ndjson --key user=anna')
  .action(async (what: string, options: ExplainOptions) => {
    process.exitCode = await explain(what, options);
  });

command(
  'coverage',
  'list the techniques of ATT&CK that the rules are tagged with',
  '<paths...>',
  'files and folders of rules',
  'weir coverage --navigator rules > layer.json',
)
  .option('--navigator', 'as a layer for the ATT&CK Navigator')
  .action((paths: string[], options) => {
    process.exitCode = coverage(paths, options as object);
  });

program.addCommand(flinkCommand());

// A reader that has seen enough (head) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError)
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.failed;
  else if (error instanceof Failure) {
    process.stderr.write(`weir: ${error.message}\n`);
    process.exitCode = EXIT.failed;
  } else throw error;
}
