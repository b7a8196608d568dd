/* docs-schema.js - JSON Schema as tables of members that people read: one row each, inner objects with dots. */
import { h, plain } from '/dom.js';

/** Text with `code` in it, as nodes; a blank line begins a paragraph. */
export function inline(text)
{
    return text.split('`').map((part, i) => (i % 2 ? h('code', { text: plain(part) }) : part));
}

export function paragraphs(text = '')
{
    return text.split('\n\n').filter(Boolean).map((each) => h('p', {}, inline(each)));
}

export function nameOf(reference)
{
    return reference.slice(reference.lastIndexOf('/') + 1);
}

export function schemaLink(name)
{
    return h('a', { href: `#schema-${name}`, text: plain(name) });
}

function joined(parts)
{
    return parts.flatMap((part, i) => (i ? [' or ', part] : [part]));
}

const code = (value) => h('code', { text: plain(JSON.stringify(value)) });

function limits(schema)
{
    const { minimum: least, maximum: most } = schema;
    if (least !== undefined && most !== undefined) return ` ${least} to ${most}`;
    if (least !== undefined) return ` ${least} or more`;
    return '';
}

function items(schema)
{
    const { minItems: least, maxItems: most } = schema;
    if (most === undefined) return '';
    return least === most ? ` of ${most}` : ` of ${least ?? 0} to ${most}`;
}

/** What a value is, in words and links. */
export function typeOf(schema)
{
    if (schema.$ref) return [schemaLink(nameOf(schema.$ref))];
    if (schema.oneOf && !schema.properties) return joined(schema.oneOf.map((each) => typeOf(each)));
    if ('const' in schema) return [code(schema.const)];
    if (schema.enum) return joined(schema.enum.map(code));
    const types = [schema.type ?? 'any'].flat();
    return joined(types.map((type) => {
        if (type === 'array') return [`list${items(schema)}: `, typeOf(schema.items)];
        if (type === 'object' && typeof schema.additionalProperties === 'object')
            return ['object with values: ', typeOf(schema.additionalProperties)];
        if (type === 'string' && (schema.format || schema.contentEncoding))
            return `string (${schema.format ?? schema.contentEncoding})`;
        return type === 'integer' || type === 'number' ? type + limits(schema) : type;
    }));
}

/** An object without a name of its own, whose members are rows of the same table. */
function inner(schema)
{
    if (schema.properties) return ['.', schema];
    if (schema.items?.properties) return ['[].', schema.items];
    return null;
}

function rowsOf(schema, root, prefix = '')
{
    const rows = [];
    for (const part of schema.allOf ?? [])
        rows.push(...rowsOf(part.$ref ? root.components.schemas[nameOf(part.$ref)] : part, root, prefix));
    for (const [name, member] of Object.entries(schema.properties ?? {})) {
        const required = schema.required?.includes(name);
        rows.push({ name: prefix + name, member, required });
        const within = inner(member);
        if (within) rows.push(...rowsOf(within[1], root, `${prefix}${name}${within[0]}`));
    }
    return rows;
}

function row({ name, member, required })
{
    const missing = !required && h('span', { class: 'required', text: 'docs.absent' });
    return h('tr', {},
        h('th', { scope: 'row' }, h('code', { text: plain(name) }), missing || null),
        h('td', { lang: 'en' }, typeOf(member), 'default' in member ? [', by default ', code(member.default)] : ''),
        h('td', { lang: 'en' }, inline(member.description ?? '')));
}

/** @param {Object[]} rows  {name, member, required} */
export function membersTable(rows)
{
    const heads = ['docs.member', 'docs.value', 'docs.meaning'].map((text) => h('th', { scope: 'col', text }));
    return h('table', { class: 'members' }, h('thead', {}, h('tr', {}, heads)), h('tbody', {}, rows.map(row)));
}

/** A schema with its name, for the list of all. */
export function schemaNode(name, schema, root)
{
    const rows = rowsOf(schema, root);
    const body = rows.length ? membersTable(rows) : h('p', {}, typeOf(schema.items ? schema.items : schema));
    return h('article', { class: 'schema', id: `schema-${name}` },
        h('h3', { lang: 'en', text: plain(name) }), h('div', { lang: 'en' }, paragraphs(schema.description)), body);
}

/** The schemas that values have by themselves: not those that are only members that others share. */
export function namedSchemas(root)
{
    const all = Object.entries(root.components.schemas);
    const shared = new Set(all.flatMap(([, { allOf = [] }]) => allOf.map(({ $ref }) => $ref && nameOf($ref))));
    return all.filter(([name]) => !shared.has(name));
}

