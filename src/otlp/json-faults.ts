// What can be wrong with a JSON text.

/** The text is not JSON. */
export class JsonSyntaxFault extends Error {}

/** The value at hand cannot be what the protocol says it is, or the text goes beyond a bound. */
export class JsonFault extends Error {}
