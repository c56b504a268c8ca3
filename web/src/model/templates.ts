/** What a new session of each language begins with: short, runnable, and showing what the editor can do. */
import { languageById } from './languages';

export interface Template {
  language: string;
  pitch: string;
  file: string;
  content: string;
}

export const TEMPLATES: readonly Template[] = [
  {
    language: 'javascript',
    pitch: 'ES modules and await',
    file: 'main.js',
    content: `const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

for (let i = 1; i <= 3; i++) {
  console.log(\`\${i}: hello from everybody in this session\`);
  await sleep(200);
}

return { sum: [1, 2, 3].reduce((a, b) => a + b) };
`,
  },
  {
    language: 'typescript',
    pitch: 'Types without a build step',
    file: 'main.ts',
    content: `interface Person {
  name: string;
  born: number;
}

const people: Person[] = [
  { name: 'Ada', born: 1815 },
  { name: 'Grace', born: 1906 },
];

for (const { name, born } of people) console.log(\`\${name} was born in \${born}\`);

return people.length;
`,
  },
  {
    language: 'python',
    pitch: 'The standard library',
    file: 'main.py',
    content: `from collections import Counter

text = "the quick brown fox jumps over the lazy dog"
counts = Counter(text.replace(" ", ""))

for letter, count in counts.most_common(5):
    print(f"{letter}: {'▇' * count}")

sum(counts.values())
`,
  },
  {
    language: 'ruby',
    pitch: 'Ruby 3.4, all of core',
    file: 'main.rb',
    content: `squares = (1..5).map { |n| n ** 2 }

squares.each.with_index(1) do |square, n|
  puts "#{n}² = #{square}"
end
`,
  },
  {
    language: 'shell',
    pitch: 'Pipes and text tools',
    file: 'main.sh',
    content: `for name in Ada Grace Linus; do
  echo "Hello, $name"
done

printf '%s\\n' pear apple plum | sort | head -n 2
`,
  },
  {
    language: 'html',
    pitch: 'Checked and previewed',
    file: 'index.html',
    content: `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Hello</title>
    <style>
      body { font: 18px/1.5 system-ui; display: grid; place-items: center; min-height: 90vh; }
      h1 { color: #4f6bed; }
    </style>
  </head>
  <body>
    <h1>Hello, everybody</h1>
  </body>
</html>
`,
  },
  {
    language: 'sql',
    pitch: 'SQLite in memory',
    file: 'main.sql',
    content: `CREATE TABLE planets (name TEXT, moons INTEGER);
INSERT INTO planets VALUES ('Earth', 1), ('Mars', 2), ('Jupiter', 97), ('Saturn', 274);

SELECT name, moons FROM planets WHERE moons > 1 ORDER BY moons DESC;
`,
  },
  {
    language: 'lua',
    pitch: 'Lua 5.4',
    file: 'main.lua',
    content: `local function fib(n)
  if n < 2 then return n end
  return fib(n - 1) + fib(n - 2)
end

for i = 1, 10 do
  print(i, fib(i))
end
`,
  },
];

export function newSession(template: Template, name?: string): {
  name: string;
  files: { name: string; content: string; language: string }[];
} {
  const label = languageById(template.language).label;
  return {
    name: name ?? `Untitled ${label}`,
    files: [{ name: template.file, content: template.content, language: template.language }],
  };
}
