import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commandStory } from './command-story.ts'

/** How it runs and what it says: 'ms exit: line @ms, …'. */
function told(command: readonly string[]): string | undefined {
  const story = commandStory({ command })
  return story === undefined ? undefined : `${story.runForMs ?? 'forever'} ${story.exitCode}${story.says.map((said) => ` [${said.is === 'text' ? said.text : said.is} @${said.afterMs}]`).join('')}`
}

test('a command is believed where it says exactly what happens', () => {
  const rows: readonly (readonly [readonly string[], string | undefined])[] = [
    [['sleep', '5'], '5000 0'],
    [['/bin/sleep', '1.5'], '1500 0'],
    [['sleep', 'infinity'], 'forever 0'],
    [['sh', '-c', 'exit 3'], '0 3'],
    [['sh', '-c', 'echo start; sleep 2 && false'], '2000 1 [start @0]'],
    [['sh', '-c', 'sleep 3600; exit 1'], '3600000 1'],
    [['/bin/sh', '-c', 'date; echo Hello from the cluster'], '0 0 [date @0] [Hello from the cluster @0]'],
    [['sh', '-c', 'echo "a; b" \'c && $d\'; sleep 1s; echo  two   words'], '1000 0 [a; b c && $d @0] [two words @1000]'],
    [['sh', '-c', 'echo one\nsleep 1\nhostname\n'], '1000 0 [one @0] [hostname @1000]'],
    [['sh', '-c', 'false && echo never; echo after'], '0 0 [after @0]'],
    [['echo', 'hello', 'world'], '0 0 [hello world @0]'],
    [['sh', '-c', 'while true; do date; sleep 1; done'], undefined],
    [['sh', '-c', 'test -f /x || exit 1'], undefined],
    [['sh', '-c', 'exit $CODE'], undefined],
    [['sh', '-c', 'echo "$HOME"'], undefined],
    [['sh', '-c', 'echo $(date)'], undefined],
    [['sh', '-c', 'echo hi > /tmp/file'], undefined],
    [['sh', '-c', 'echo -n hi'], undefined],
    [['sh', '-c', 'echo *'], undefined],
    [['echo', '$(GREETING)'], undefined],
    [['nginx', '-g', 'daemon off;'], undefined],
    [[], undefined],
  ]
  for (const [command, story] of rows) assert.equal(told(command), story, command.join(' '))
})
