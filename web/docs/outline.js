// A JSON schema as short text: names, types, and which are optional. Recursion stops at a name seen before.

const INDENT = '  ';

/** Text of a schema; `schemas` are the components that references point to. */
export function outline(schema, schemas, depth = 0, seen = []) {
  if (schema.$ref) {
    const name = schema.$ref.split('/').pop();
    if (seen.includes(name) || !schemas[name]) {
      return name;
    }
    return outline(schemas[name], schemas, depth, [...seen, name]);
  }
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) {
    return choices.map((choice) => outline(choice, schemas, depth, seen)).join(' | ');
  }
  if (schema.enum) {
    return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  }
  if (schema.type === 'array') {
    return `[${outline(schema.items ?? {}, schemas, depth, seen)}]`;
  }
  if (schema.properties) {
    return object(schema, schemas, depth, seen);
  }
  return [schema.type ?? 'any', schema.format && `(${schema.format})`].filter(Boolean).join(' ');
}

function object(schema, schemas, depth, seen) {
  const required = schema.required ?? [];
  const pad = INDENT.repeat(depth + 1);
  const lines = Object.entries(schema.properties).map(([name, inner]) => {
    const mark = required.includes(name) ? '' : '?';
    return `${pad}${name}${mark}: ${outline(inner, schemas, depth + 1, seen)}`;
  });
  return `{\n${lines.join('\n')}\n${INDENT.repeat(depth)}}`;
}
