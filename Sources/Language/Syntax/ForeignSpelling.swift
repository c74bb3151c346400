/// What other languages write, so that who comes from them is told what it is here.
enum ForeignSpelling {
    /// Marks that no program here can hold, longest first.
    static let marks: [(mark: String, repair: String)] = [
        ("**", "of numbers, write `power(x, 2)`; of tensors, `x * x`"), ("<<", "write the product: `x * 2`"),
        (">>", "write the quotient: `floor(x / 2)`"),
        ("->", "pipelines are written `|>`"), ("=>", "pipelines are written `|>`"), ("+=", "write `x = x + …`, with `var x`"),
        ("-=", "write `x = x - …`, with `var x`"), ("*=", "write `x = x * …`, with `var x`"), ("/=", "write `x = x / …`, with `var x`"),
        ("===", "write `==`"), ("::", "labels are joined by a dot: `layer1.conv:`"), ("&&", "write `and`"), ("||", "write `or`"),
    ]

    /// Quotes of word processors and of other languages.
    static let quotes = ["\u{201C}", "\u{201D}", "\u{201E}", "\u{2018}", "\u{2019}", "\u{AB}", "\u{BB}", "'", "`"]

    /// Words that begin a definition elsewhere.
    static let definitionWords = [
        "def": "block", "fn": "block", "func": "block", "function": "block", "fun": "block", "layer": "block", "module": "block",
        "model": "network", "net": "network", "graph": "network", "class": "network", "train": "training", "include": "import",
        "use": "import", "from": "import",
    ]

    /// What to write for words that begin a statement elsewhere.
    static let statementWords = [
        "def": "blocks are defined outside: `block name(x) { … }`",
        "fn": "blocks are defined outside: `block name(x) { … }`", "func": "blocks are defined outside: `block name(x) { … }`",
        "const": "values are bound with `let name = …`", "val": "values are bound with `let name = …`",
        "while": "repeat with `for i in 0..<3 { … }`", "elif": "write `else if`", "elsif": "write `else if`",
    ]

    /// What precisions are called elsewhere.
    static let precisions = [
        "float": "f32", "float32": "f32", "fp32": "f32", "single": "f32", "bfloat16": "bf16", "bfloat": "bf16", "brain16": "bf16",
    ]

    /// How a message calls what cannot be read: by its number if it cannot be seen.
    static func phrase(_ spelling: String) -> String {
        guard let scalar = spelling.unicodeScalars.first else { return "nothing" }
        switch scalar.properties.generalCategory {
        case .control, .format, .spaceSeparator, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse:
            let digits = String(scalar.value, radix: 16, uppercase: true)
            return "the character U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        default: return "`\(spelling)`"
        }
    }

    static func repair(_ spelling: String) -> String? {
        guard let scalar = spelling.unicodeScalars.first else { return nil }
        switch spelling.first {
        case "&": return "write `and`"
        case "|": return "pipelines are written `|>`"
        case "!": return "write `not`"
        case "^": return "of numbers, write `power(x, 2)`; of tensors, `x * x`"
        case "'", "`", "\u{201C}", "\u{201D}", "\u{2018}", "\u{2019}": return "texts stand in straight double quotes: `\"…\"`"
        case "\u{2212}", "\u{2013}", "\u{2014}": return "write a plain `-`"
        case "\u{2192}", "\u{21D2}": return "pipelines are written `|>`"
        case "\u{D7}", "\u{B7}": return "write `*`"
        case "\u{F7}": return "write `/`"
        case "\u{2264}": return "write `<=`"
        case "\u{2265}": return "write `>=`"
        case "\u{2260}": return "write `!=`"
        default: break
        }
        switch scalar.properties.generalCategory {
        case .control: return "remove it; is this a text file?"
        case .format, .spaceSeparator, .lineSeparator, .paragraphSeparator: return "it cannot be seen; write a blank in its place"
        default: return scalar.properties.isAlphabetic ? "names are ASCII letters, digits and `_`" : "only comments and texts can hold it"
        }
    }
}
