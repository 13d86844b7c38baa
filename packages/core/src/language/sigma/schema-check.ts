import { Validator } from '@cfworker/json-schema';
import correlationSchema from './schemas/sigma-correlation-rules-schema.json' with { type: 'json' };
import detectionSchema from './schemas/sigma-detection-rule-schema.json' with { type: 'json' };
import filterSchema from './schemas/sigma-filters-schema.json' with { type: 'json' };
import { SigmaProblem } from './sigma-problem.ts';
import { nodeAt, spanOf, type YamlDocument } from './yaml-document.ts';

type Kind = 'rule' | 'correlation' | 'filter';

const validators: Readonly<Record<Kind, Validator>> = {
  rule: new Validator(detectionSchema as object, '2020-12', false),
  correlation: new Validator(correlationSchema as object, '2020-12', false),
  filter: new Validator(filterSchema as object, '2020-12', false),
};

/** What a document has that the JSON schemas of Sigma's specification 2.1 do not allow: warnings, with places. */
export function checkSchema(document: YamlDocument, value: unknown, kind: Kind): SigmaProblem[] {
  const { valid, errors } = validators[kind].validate(value);
  if (valid) return [];
  // `format` is a note and no demand (JSON Schema 2020-12): an id is recommended to be a UUID, not bound to be one.
  const meant = errors.filter(({ keyword }) => keyword !== 'format' && keyword !== 'properties');
  const deepest = meant.filter(
    ({ instanceLocation }) =>
      !meant.some(
        (other) =>
          other.instanceLocation !== instanceLocation &&
          other.instanceLocation.startsWith(`${instanceLocation}/`),
      ),
  );
  const places = new Map(deepest.map((one) => [one.instanceLocation, one]));
  return [...places.values()].slice(0, 5).map(({ instanceLocation, error }) => {
    // Pointers are written as the fragment of a URI.
    const pointer = decodeURI(instanceLocation);
    const place = pointer.replace(/^#\/?/, '').replaceAll('/', '.');
    return new SigmaProblem(
      'W601',
      `${place === '' ? 'the document' : place}: ${error}`,
      spanOf(nodeAt(document.root, pointer)),
    );
  });
}
