import Graph

/// What a source calls the symbols of sizes.
struct SymbolNames {
    /// By the names in the graph.
    private(set) var names: [String: String] = [:]
    /// The one that stands for the batch, by its name in the graph: it has no value while a network is built.
    private(set) var batch: String?

    init() {}

    init(of graph: Graph, _ taken: inout TakenNames) {
        batch = graph.batchSymbol
        // The right ones first, so that none of them has to give way.
        let symbols = graph.symbols
        for symbol in symbols where Self.isSymbol(symbol) { names[symbol] = taken.distinct(symbol) }
        for symbol in symbols where names[symbol] == nil {
            var name = LegalName.name(from: symbol, or: symbol == batch ? "N" : "Size")
            if name.first?.isUppercase != true {
                name = name.first?.isLetter == true ? name.prefix(1).uppercased() + name.dropFirst() : "S" + name
            }
            names[symbol] = taken.distinct(name)
        }
    }

    private static func isSymbol(_ name: String) -> Bool { LegalName.isName(name) && name.isSymbol }

    /// A size as the language writes it.
    func text(_ size: SizeExpression) -> String { renamed(size.description) }

    func text(_ constraint: SizeConstraint) -> String { renamed(constraint.description) }

    func precedence(of size: SizeExpression) -> Term.Precedence {
        let text = size.description
        if size.symbol != nil { return .primary }
        // What has no operator outside of parentheses is one.
        var (depth, found) = (0, Term.Precedence.primary)
        var isQuoted = false
        for character in text {
            switch character {
            case "\"": isQuoted.toggle()
            case "(" where !isQuoted: depth += 1
            case ")" where !isQuoted: depth -= 1
            case "+" where depth == 0 && !isQuoted, "-" where depth == 0 && !isQuoted: return .sum
            case "*" where depth == 0 && !isQuoted, "/" where depth == 0 && !isQuoted: found = .product
            default: break
            }
        }
        return found
    }

    /// The text of a graph with the symbols, which stand in quotes where they are no plain names, as the source calls them.
    private func renamed(_ text: String) -> String {
        guard names.contains(where: { $0.key != $0.value }) else { return text }
        var result = ""
        var rest = text[...]
        while let first = rest.first {
            if first == "\"" {
                var name = ""
                rest.removeFirst()
                while let next = rest.first, next != "\"" {
                    rest.removeFirst()
                    name.append(next == "\\" ? rest.popFirst() ?? next : next)
                }
                rest = rest.dropFirst()
                result += names[name] ?? name
            } else if first.isLetter || first == "_" {
                let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." }
                rest = rest[word.endIndex...]
                result += rest.first == "(" && word == "floor" ? String(word) : names[String(word)] ?? String(word)
            } else {
                result.append(first)
                rest.removeFirst()
            }
        }
        return result
    }
}
