/** Runtime cost one call of an expression may have; kube-apiserver's limit (about 0.1 s there). */
export const PER_CALL_COST_LIMIT = 1_000_000;

/** Runtime cost all rules of one object, or all expressions of one policy binding, may have together; kube-apiserver's limit. */
export const OBJECT_COST_LIMIT = 10_000_000;

/** Longest source in code points, cel-go's default. */
export const MAX_SOURCE_CODE_POINTS = 100_000;

/** Deepest nesting of a source, cel-go's default. It also bounds the native stack of checker and interpreter. */
export const MAX_DEPTH = 250;

/** Longest string an expression may build, in UTF-16 units: more than the largest object of an API server. */
export const MAX_STRING_LENGTH = 4 * 1024 * 1024;

/** Largest list or map an expression may build. */
export const MAX_ENTRIES = 1_000_000;

/** Bytes of strings, lists and maps one evaluation may make altogether, by rough count. */
export const MAX_ALLOCATION = 128 * 1024 * 1024;

/** Bytes an entry of a list (a reference and a number it may point to) and of a map take, roughly. */
export const LIST_ENTRY_BYTES = 32;
export const MAP_ENTRY_BYTES = 128;

/** Most values `toJson` writes: a small list of shared lists can stand for 2^100 of them. */
export const MAX_JSON_VALUES = 1_000_000;

/**
 * Largest regular expression, in characters after its counted repetitions are written out (`a{1,1000}` is 1000 times its pattern):
 * an RE2 program has an instruction for each, of some hundred bytes.
 */
export const MAX_PATTERN_SIZE = 200_000;

/** Deepest tree after macros are expanded: a nesting of sources is some five nodes of it. Found by trial to fit the native stack. */
export const MAX_TREE_DEPTH = 1000;
