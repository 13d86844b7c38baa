import { Command } from 'commander';

/** What every command of `weir flink` is told: where broker and cluster are, and which of several jobs is meant. */
const placed = (command: Command): Command =>
  command
    .option('--folder <folder>', 'the folder of weir flink up', '.weir/flink')
    .option(
      '--kafka <host:port>',
      'the broker; several with commas; default: that of weir flink up',
    )
    .option('--rest <url>', 'REST interface of the Flink cluster; default: that of weir flink up')
    .option('--prefix <name>', 'what the names of the topics of the job begin with', 'weir')
    .option('--kafka-property <name=value...>', 'TLS, SASL and the like, as Kafka names them')
    .option('--kafka-properties <file>', 'the same from a file: passwords belong there')
    .option('--json', 'one JSON value a line, for programs');

const exit = async (code: Promise<number>): Promise<void> => {
  process.exitCode = await code;
};

/** `weir flink`: the same rules in a cluster. What a command needs is loaded when it is called. */
export function flinkCommand(): Command {
  const flink = new Command('flink').description(
    'run rules in an Apache Flink cluster: start one here, submit, look, stop',
  );
  const command = (name: string, description: string): Command =>
    placed(flink.command(name).description(description));
  addCluster(flink, command);
  addJob(command);
  addTopics(command);
  return flink;
}

type Add = (name: string, description: string) => Command;

function addCluster(flink: Command, command: Add): void {
  flink
    .command('up')
    .description('start a Kafka broker and a Flink cluster on this machine, to try and to test')
    .option('--folder <folder>', 'where it keeps all that it writes', '.weir/flink')
    .option('--task-managers <n>', 'processes that run parts of the job', '2')
    .option('--slots <n>', 'parts of the job that each can run', '1')
    .option('--partitions <n>', 'partitions of topics that are made', '4')
    .option('--prefix <name>', 'what the names of the topics begin with', 'weir')
    .option('--tls', 'TLS within Flink, TLS and a password for the broker')
    .option('--json', 'one JSON value a line, for programs')
    .addHelpText('after', '\nIt needs a JDK 17 and Maven.\n\nExample:\n  weir flink up')
    .action(async (options) => exit((await import('./up.ts')).up(options)));
  command('stop', 'end the job, and with --cluster what weir flink up has started')
    .option('--savepoint', 'keep its state, to go on from')
    .option('--to <folder>', 'where the savepoint is put')
    .option('--drain', 'end all that is open as if the input had ended')
    .option('--cluster', 'end broker and cluster; with --savepoint or --drain the job first')
    .action(async (options) => exit((await import('./stop.ts')).stop(options)));
}

function addJob(command: Add): void {
  command('submit', 'begin a job with these rules, or give them to the one that runs')
    .requiredOption('--rules <paths...>', 'files and folders of rules')
    .option(
      '--config <file>',
      'sources and lists; else the weir.yaml beside or above the rules, or here',
    )
    .option('--pipeline <names...>', 'pipelines that rules of Sigma go through')
    .option('--topic <source=topic...>', 'the topic of a source, if it is not called like it')
    .option('--partitions <n>', 'partitions of topics that are made')
    .option(
      '--list-location <list=address...>',
      'where the file of a list lies that is too large for a record',
    )
    .option('--parallelism <n>', 'parts of each stage; default: free slots')
    .option('--levels <n>', 'levels of rules that read results; default: what these rules need')
    .option('--delivery <how>', 'at-once or exactly-once; default: at-once')
    .option('--savepoint <path>', 'go on from there')
    .option('--resume', 'go on from the newest checkpoint, after the job manager has died')
    .option('--bounded', 'read to what the topics hold now, and end')
    .option('--flink-property <name=value...>', 'settings of Flink for this job')
    .option(
      '--job-argument <name=value...>',
      'what else the job is told, such as parallelism.alerts=1 or slots.match=readers',
    )
    .option('--job-jar <file>', 'the job, if it was not built here')
    .option(
      '--node <program>',
      "Node 24 on the task managers' machines; default: the one that runs this",
    )
    .option('--active-from <time>', 'of an edit: in force for events from this time on')
    .option('--dry-run', 'only say what would be done')
    .addHelpText('after', '\nExample:\n  weir flink submit --rules demo/rules')
    .action(async (options) => exit((await import('./submit.ts')).submit(options)));
  command('status', 'how the job is, and each rule; exit code 1 if it does not run').action(
    async (options) => exit((await import('./status.ts')).status(options)),
  );
  command('savepoint', 'keep the state of the job that goes on')
    .option('--to <folder>', 'where it is put')
    .action(async (options) => exit((await import('./savepoint.ts')).savepoint(options)));
  command('park', 'let rules see nothing from now on')
    .argument('<rules...>', 'their ids or names')
    .action(async (rules: string[], options) =>
      exit((await import('./park-commands.ts')).park(rules, options)),
    );
  command('release', 'bring parked rules back')
    .argument('<rules...>', 'their ids or names')
    .action(async (rules: string[], options) =>
      exit((await import('./park-commands.ts')).release(rules, options)),
    );
}

function addTopics(command: Add): void {
  command('produce', 'write the records of a file to a topic')
    .argument('<file>', 'JSON lines, or one JSON array; also .gz, .zst')
    .requiredOption('--topic <topic>', 'the topic')
    .option('--partition <n>', 'the partition; default: 0')
    .option('--spread', 'over all partitions in turn')
    .option('--at-arrival', 'stamped with when the source says it received them; default: now')
    .option('--config <file>', 'with --at-arrival: the weir.yaml that declares the source')
    .option('--source <name>', 'with --at-arrival: the source; default: named like the topic')
    .addHelpText('after', '\nExample:\n  weir flink produce logs.ndjson.gz --topic windows')
    .action(async (file: string, options) =>
      exit((await import('./produce.ts')).produce(file, options)),
    );
  outputs(command('alerts', 'what the job found that a person is to look at')).action(
    async (options) => exit((await import('./outputs.ts')).alerts(options)),
  );
  outputs(command('results', 'all that the rules of the job found')).action(async (options) =>
    exit((await import('./outputs.ts')).results(options)),
  );
}

const outputs = (command: Command): Command =>
  command
    .option('--final', 'only what is final')
    .option('--follow', 'go on, with each change as it comes, as JSON');
