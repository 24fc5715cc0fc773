/** `schema.ts` in Python, for schemas that it let through. */
export const SCHEMA_PYTHON = `
def _is_number_of_json(value):
    return isinstance(value, float)


_TYPES = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: _is_number_of_json(value) and value.is_integer(),
    "number": _is_number_of_json,
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def _is_equal(a, b):
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_is_equal, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_is_equal(a[name], b[name]) for name in a)
    return type(a) is type(b) and a == b


def _of_number(holds):
    return lambda value, bound, _: not _is_number_of_json(value) or holds(value, bound)


def _of_length(kind, holds):
    return lambda value, bound, _: not isinstance(value, kind) or holds(len(value), bound)


def _of_schemas(holds):
    return lambda value, schemas, _: holds(sum(_fits_schema(value, one) for one in schemas), len(schemas))


def _has_type(value, wanted, _):
    return any(_TYPES[name](value) for name in (wanted if isinstance(wanted, list) else [wanted]))


def _fits_properties(value, schemas, _):
    if not isinstance(value, dict):
        return True
    return all(name not in value or _fits_schema(value[name], one) for name, one in schemas.items())


def _fits_additional(value, schema, whole):
    if not isinstance(value, dict):
        return True
    known = whole.get("properties", {})
    return all(name in known or _fits_schema(value[name], schema) for name in value)


_KEYWORDS = {
    "type": _has_type,
    "enum": lambda value, wanted, _: any(_is_equal(value, one) for one in wanted),
    "const": lambda value, wanted, _: _is_equal(value, wanted),
    "minimum": _of_number(operator.ge),
    "maximum": _of_number(operator.le),
    "exclusiveMinimum": _of_number(operator.gt),
    "exclusiveMaximum": _of_number(operator.lt),
    "minLength": _of_length(str, operator.ge),
    "maxLength": _of_length(str, operator.le),
    "pattern": lambda value, wanted, _: not isinstance(value, str) or _common_pattern(wanted).test(value),
    "minItems": _of_length(list, operator.ge),
    "maxItems": _of_length(list, operator.le),
    "items": lambda value, schema, _: not isinstance(value, list) or all(_fits_schema(item, schema) for item in value),
    "required": lambda value, names, _: not isinstance(value, dict) or all(name in value for name in names),
    "properties": _fits_properties,
    "additionalProperties": _fits_additional,
    "anyOf": _of_schemas(lambda fitting, _: fitting > 0),
    "allOf": _of_schemas(operator.eq),
    "oneOf": _of_schemas(lambda fitting, _: fitting == 1),
    "not": lambda value, schema, _: not _fits_schema(value, schema),
}


def _fits_schema(value, schema):
    if isinstance(schema, bool):
        return schema
    return all(_KEYWORDS[name](value, wanted, schema) for name, wanted in schema.items() if name in _KEYWORDS)


def _no_constant(name):
    raise ValueError(name)


def _json(text):
    return json.loads(text, parse_int=float, parse_constant=_no_constant)
`;
