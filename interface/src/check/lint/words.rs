//! The words that names cannot be in each guest language, and what its bindings do about them.
//!
//! The tables follow the generators themselves: wit-bindgen 0.63 for Rust, C, C++ and Go, componentize-py 0.25 for
//! Python, and wkit's own for JavaScript, TypeScript, Zig and AssemblyScript. What they overlook was found by compiling
//! bindings with each word in each place.

use std::collections::HashMap;
use std::sync::LazyLock;

use heck::{ToLowerCamelCase as _, ToSnakeCase as _, ToUpperCamelCase as _};

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Interface,
    Type,
    Function,
    Member,
    /// A parameter beside others that are strings or made of several values.
    Parameter,
    /// A parameter that is not.
    LoneParameter,
    Field,
    Case,
}

/// How bindings write a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escape {
    /// `type_`.
    Underscore,
    /// `@"type"`.
    Quotes,
    /// As it is, and they do not compile.
    None,
    /// As it is, and they do not compile where they use the word themselves.
    Hidden,
}

/// How a language spells names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    Snake,
    LowerCamel,
    UpperCamel,
}

/// Words of a language in some places.
pub(super) struct Words {
    /// The language.
    pub(super) language: &'static str,
    /// Where names are written plainly, so that they can be such a word.
    uses: &'static [Use],
    spelling: Spelling,
    /// With blanks between them.
    words: &'static str,
    /// What bindings do.
    pub(super) escape: Escape,
    /// Whether they are so common that they are told only where another language has the word too.
    pub(super) is_minor: bool,
}

/// The rows of [`WORDS`] in which `name` is such a word.
pub(super) fn rows(name: &str, what: Use) -> Vec<usize> {
    static ROWS: LazyLock<HashMap<&str, Vec<usize>>> = LazyLock::new(|| {
        let mut rows: HashMap<&str, Vec<usize>> = HashMap::new();
        for (row, words) in WORDS.iter().enumerate() {
            for word in words.words.split(' ') {
                rows.entry(word).or_default().push(row);
            }
        }
        rows
    });
    let spellings = [
        (Spelling::Snake, name.to_snake_case()),
        (Spelling::LowerCamel, name.to_lower_camel_case()),
        (Spelling::UpperCamel, name.to_upper_camel_case()),
    ];
    let mut found = Vec::new();
    for (spelling, word) in &spellings {
        let of_word = ROWS.get(word.as_str()).into_iter().flatten();
        found.extend(
            of_word.filter(|row| WORDS[**row].spelling == *spelling && WORDS[**row].uses.contains(&what)),
        );
    }
    found.sort_unstable();
    found
}

use Use::{Case, Field, Function, Interface, LoneParameter, Member, Parameter, Type};

/// All of them, in the order in which messages name the languages.
pub(super) static WORDS: &[Words] = &[
    Words {
        language: "Rust",
        uses: &[Interface, Function, Member, Parameter, LoneParameter, Field],
        spelling: Spelling::Snake,
        words: RUST,
        escape: Escape::Underscore,
        is_minor: false,
    },
    Words {
        language: "Rust 2024",
        uses: &[Interface, Function, Member, Parameter, LoneParameter, Field],
        spelling: Spelling::Snake,
        words: "gen",
        escape: Escape::None,
        is_minor: false,
    },
    Words {
        language: "Rust",
        uses: &[Type, Case],
        spelling: Spelling::UpperCamel,
        words: "Self",
        escape: Escape::None,
        is_minor: false,
    },
    Words {
        language: "C",
        uses: &[Parameter, LoneParameter, Field],
        spelling: Spelling::Snake,
        words: C,
        escape: Escape::Underscore,
        is_minor: false,
    },
    Words {
        language: "C",
        uses: &[Parameter, LoneParameter, Field],
        spelling: Spelling::Snake,
        words: "restrict typeof",
        escape: Escape::None,
        is_minor: false,
    },
    Words {
        language: "C++",
        uses: &[Interface, Parameter, LoneParameter, Field],
        spelling: Spelling::Snake,
        words: CPP,
        escape: Escape::Underscore,
        is_minor: false,
    },
    Words {
        language: "C++",
        uses: &[Parameter, LoneParameter, Field],
        spelling: Spelling::Snake,
        words: CPP_OF_SEVERAL_PARTS,
        escape: Escape::None,
        is_minor: false,
    },
    Words {
        language: "Go",
        uses: &[Parameter, LoneParameter],
        spelling: Spelling::LowerCamel,
        words: GO,
        escape: Escape::Underscore,
        is_minor: false,
    },
    Words {
        language: "Go",
        uses: &[Parameter],
        spelling: Spelling::LowerCamel,
        words: GO_PREDECLARED,
        escape: Escape::Hidden,
        is_minor: false,
    },
    Words {
        language: "JavaScript and TypeScript",
        uses: &[Parameter, LoneParameter],
        spelling: Spelling::LowerCamel,
        words: JAVASCRIPT,
        escape: Escape::Underscore,
        is_minor: false,
    },
    Words {
        language: "Python",
        uses: &[Interface, Function, Member, Parameter, LoneParameter, Field],
        spelling: Spelling::Snake,
        words: PYTHON,
        escape: Escape::Underscore,
        is_minor: false,
    },
    Words {
        language: "Zig",
        uses: &[Interface, Parameter, LoneParameter, Field, Case],
        spelling: Spelling::Snake,
        words: ZIG,
        escape: Escape::Quotes,
        is_minor: false,
    },
    Words {
        language: "Zig",
        uses: &[Function, Member],
        spelling: Spelling::LowerCamel,
        words: ZIG,
        escape: Escape::Quotes,
        is_minor: false,
    },
    Words {
        language: "AssemblyScript",
        uses: &[Interface, Function, Parameter, LoneParameter, Field],
        spelling: Spelling::LowerCamel,
        words: ASSEMBLYSCRIPT,
        escape: Escape::Underscore,
        is_minor: false,
    },
    Words {
        language: "AssemblyScript",
        uses: &[Interface, Function, Parameter, LoneParameter, Field],
        spelling: Spelling::LowerCamel,
        words: ASSEMBLYSCRIPT_OWN,
        escape: Escape::Underscore,
        is_minor: true,
    },
    Words {
        language: "AssemblyScript",
        uses: &[Member],
        spelling: Spelling::LowerCamel,
        words: ASSEMBLYSCRIPT_MEMBERS,
        escape: Escape::Underscore,
        is_minor: false,
    },
];

const RUST: &str = "\
    abstract as async await become box break const continue crate do dyn else enum extern false final fn for if impl \
    in let loop macro match mod move mut override priv pub ref return self static struct super trait true try type \
    typeof unsafe unsized use virtual where while yield";

/// Words of C. Its bindings escape those of C++ too, so that a C++ file can include the header.
const C: &str = "\
    asm auto bool break case char const continue default do double else enum extern false float for goto if inline \
    int long register return short signed sizeof static stderr stdin stdout struct switch true typedef union \
    unsigned void volatile while";

const CPP: &str = "\
    alignas alignof and asm auto bitand bitor bool break case catch char class compl concept const consteval \
    constexpr constinit continue decltype default delete do double else enum explicit export extern false float for \
    friend goto if inline int long mutable namespace new noexcept not nullptr operator or private protected public \
    register requires return short signed sizeof static stderr stdin stdout struct switch template this throw true \
    try typedef typeid typename union unsigned using virtual void volatile while xor";

/// The generator compares the name before it joins its parts, so it does not see these.
const CPP_OF_SEVERAL_PARTS: &str = "\
    and_eq char16_t char32_t char8_t co_await co_return co_yield const_cast dynamic_cast not_eq or_eq \
    reinterpret_cast static_assert static_cast thread_local wchar_t xor_eq";

const GO: &str = "\
    break case chan const continue default defer else fallthrough for func go goto if import interface map package \
    range return select struct switch type var";

/// No keywords, but names that the body of a generated function needs.
const GO_PREDECLARED: &str = "\
    append bool float32 float64 int int16 int32 int64 int8 len make panic pinner rune runtime string uint16 uint32 \
    uint64 uint8 uintptr unsafe";

const JAVASCRIPT: &str = "\
    arguments await break case catch class const continue debugger default delete do else enum eval export extends \
    false finally for function if implements import in instanceof interface let new null package private protected \
    public return static super switch this throw true try typeof var void while with yield";

const PYTHON: &str = "\
    and as assert async await break class continue def del elif else except finally for from global if import in is \
    lambda nonlocal not or pass raise return try while with yield";

const ZIG: &str = "\
    addrspace align allowzero and anyframe anytype asm async await break callconv catch comptime const continue \
    defer else enum errdefer error export extern false fn for if inline linksection noalias noinline nosuspend null \
    opaque or orelse packed pub resume return struct suspend switch test threadlocal true try type undefined union \
    unreachable usingnamespace var void volatile while";

const ASSEMBLYSCRIPT: &str = "\
    abstract await break case catch class const continue debugger default delete do else enum eval export extends \
    false finally for function if implements import in instanceof interface let new null package private protected \
    public return static super switch this throw true try typeof var void while with yield";

/// No keywords, but names that generated code or a class has of its own.
const ASSEMBLYSCRIPT_OWN: &str = "\
    any as async bool constructor declare drop from get is keyof module namespace native never number object of \
    readonly require set string symbol type undefined";

const ASSEMBLYSCRIPT_MEMBERS: &str =
    "abstract constructor declare drop private protected public readonly static";
