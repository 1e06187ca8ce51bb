//! What the generator writes into the memory of a stub, and the engine reads: tables of little-endian words (`u32`), whose
//! addresses are absolute. Both are compiled from this one file.

/// The first words of a type: which kind it is.
pub const KIND: u32 = 0;
/// The bytes that a value takes in memory.
pub const SIZE: u32 = 1;
/// The slots that a value takes among flat parameters.
pub const FLAT: u32 = 2;
/// Whether a value holds handles, which need work when they are passed.
pub const HANDLES: u32 = 3;
/// Where the words of the kind begin.
pub const DETAIL: u32 = 4;

/// Kinds without words of their own.
pub const BOOL: u32 = 0;
/// A signed integer; its size tells which.
pub const SIGNED: u32 = 1;
/// An unsigned integer; its size tells which.
pub const UNSIGNED: u32 = 2;
/// A float; its size tells which.
pub const FLOAT: u32 = 3;
/// A `char`.
pub const CHAR: u32 = 4;
/// A `string`.
pub const STRING: u32 = 5;
/// A `list`, also one of pairs, which is a `map`: the element's type.
pub const LIST: u32 = 6;
/// A list of fixed length: the element's type, the length.
pub const FIXED_LIST: u32 = 7;
/// A `record`: the number of fields, then for each [`FIELD_WORDS`]: address and length of its name, its type, its offset.
pub const RECORD: u32 = 8;
/// A `tuple`: the number of members, then as for a record, without names.
pub const TUPLE: u32 = 9;
/// A `variant`, `enum`, `option` or `result`: the size of the tag, the offset of payloads, the number of cases, then for
/// each [`CASE_WORDS`]: address and length of its name, the type of its payload or 0.
pub const VARIANT: u32 = 10;
/// A `flags`: the number of flags, then for each [`FLAG_WORDS`]: address and length of its name.
pub const FLAGS: u32 = 11;
/// `own` of a resource of the stub: the resource's index.
pub const OWN: u32 = 12;
/// `borrow` of a resource of the stub, which arrives as its number.
pub const BORROW: u32 = 13;
/// `own` or `borrow` of a resource that the stub imports: the resource's index.
pub const FOREIGN: u32 = 14;
/// The readable end of a stream: the channel's index.
pub const STREAM: u32 = 15;
/// The readable end of a future: the channel's index.
pub const FUTURE: u32 = 16;

/// Words of one field of a record or tuple.
pub const FIELD_WORDS: u32 = 4;
/// Words of one case of a variant.
pub const CASE_WORDS: u32 = 3;
/// Words of one flag.
pub const FLAG_WORDS: u32 = 2;

/// A function, in words: its index for messages.
pub const FUNCTION_INDEX: u32 = 0;
/// Address and length of the interface's name.
pub const FUNCTION_INTERFACE: u32 = 1;
/// Address and length of its own name.
pub const FUNCTION_NAME: u32 = 3;
/// The tuple of its parameters.
pub const FUNCTION_PARAMETERS: u32 = 5;
/// The type of its result, or 0.
pub const FUNCTION_RESULT: u32 = 6;
/// The bytes of a flat result, or [`RESULT_IN_MEMORY`].
pub const FUNCTION_RESULT_BYTES: u32 = 7;
/// Whether calls are recorded.
pub const FUNCTION_RECORDED: u32 = 8;
/// Address and number of its rules.
pub const FUNCTION_RULES: u32 = 9;
/// Words of one function.
pub const FUNCTION_WORDS: u32 = 11;

/// [`FUNCTION_RESULT_BYTES`] of a result that is returned by its address.
pub const RESULT_IN_MEMORY: u32 = 255;

/// A rule, in words: address and number of the patterns, one for each parameter; no pattern is for any arguments.
pub const RULE_PATTERNS: u32 = 0;
/// Address and number of the answers, the last of which repeats.
pub const RULE_ANSWERS: u32 = 2;
/// How many answers were given, which the engine counts.
pub const RULE_GIVEN: u32 = 4;
/// Words of one rule.
pub const RULE_WORDS: u32 = 5;

/// Words of one pattern: address and length of the text that the argument has; address 0 is for any.
pub const PATTERN_WORDS: u32 = 2;

/// An answer, in words: [`ANSWER_VALUE`] or [`ANSWER_TRAP`].
pub const ANSWER_KIND: u32 = 0;
/// The address of the value as it lies in memory.
pub const ANSWER_IMAGE: u32 = 1;
/// Address and number of what has to be filled into it at each call.
pub const ANSWER_FILLS: u32 = 2;
/// Words of one answer.
pub const ANSWER_WORDS: u32 = 4;

/// The answer is a value.
pub const ANSWER_VALUE: u32 = 0;
/// The answer is a trap.
pub const ANSWER_TRAP: u32 = 1;

/// A fill, in words: [`FILL_HANDLE`], [`FILL_STREAM`] or [`FILL_FUTURE`].
pub const FILL_KIND: u32 = 0;
/// The address that is filled.
pub const FILL_ADDRESS: u32 = 1;
/// The index of the resource or channel.
pub const FILL_INDEX: u32 = 2;
/// The number of the handle, or the address of the value that a future or stream gives.
pub const FILL_VALUE: u32 = 3;
/// The address of the counter for numbers that are not stated, or the bytes of the value.
pub const FILL_EXTRA: u32 = 4;
/// Words of one fill.
pub const FILL_WORDS: u32 = 5;

/// A new handle of a resource of the stub.
pub const FILL_HANDLE: u32 = 0;
/// A stream that has ended.
pub const FILL_STREAM: u32 = 1;
/// A future that gives a value.
pub const FILL_FUTURE: u32 = 2;

/// A resource's destructor, in words: address and length of the interface's name, of the recorded name, whether calls
/// are recorded.
pub const DESTRUCTOR_INTERFACE: u32 = 0;
/// Address and length of the recorded name.
pub const DESTRUCTOR_NAME: u32 = 2;
/// Whether calls are recorded.
pub const DESTRUCTOR_RECORDED: u32 = 4;
/// Words of one destructor.
pub const DESTRUCTOR_WORDS: u32 = 5;

/// Why a stub traps: that is what is stated, or nothing is.
pub const FAIL_TRAP: u32 = 0;
/// Why a stub traps: no answer is for these arguments.
pub const FAIL_UNMATCHED: u32 = 1;
