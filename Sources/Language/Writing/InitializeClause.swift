import Graph

/// How parameters begin where their operators say otherwise, as a training's clause says it: a comment, for a graph has no training.
struct InitializeClause {
    private let entries: [String]

    init(_ outline: Outline) {
        var rest = outline.initializers
        var entries: [String] = []
        // What holds for all matrices of an operator, and for all biases beside matrices.
        for (key, names) in Self.groups(outline) {
            guard let first = names.first, let initializer = rest[first], names.allSatisfy({ rest[$0] == initializer }) else { continue }
            entries.append("\(key): \(initializer.source)")
            for name in names { rest[name] = nil }
        }
        // What holds for all parameters of one last name.
        var begins: [String: [Initializer]] = [:]
        for value in outline.graph.values {
            guard let parameter = outline.graph[value].parameter, let name = outline.parameters[parameter.name], name.contains(".") else {
                continue
            }
            begins[Self.lastPart(name), default: []].append(parameter.initializer)
        }
        for part in Set(rest.keys.map(Self.lastPart)).sorted() {
            let names = rest.keys.filter { $0.hasSuffix("." + part) }
            guard names.count > 1, let first = begins[part]?.first, begins[part]?.allSatisfy({ $0 == first }) == true else { continue }
            entries.append("\(Term.quoted("*." + part)): \(first.source)")
            for name in names { rest[name] = nil }
        }
        entries += rest.sorted { $0.key < $1.key }.map { "\(Term.quoted($0.key)): \($0.value.source)" }
        self.entries = entries
    }

    private static func lastPart(_ name: String) -> String { name.split(separator: ".").last.map(String.init) ?? name }

    /// The parameters that one key of the clause stands for.
    private static func groups(_ outline: Outline) -> [(key: String, names: [String])] {
        var groups: [String: [String]] = [:]
        for value in outline.graph.values {
            guard let parameter = outline.graph[value].parameter, let name = outline.parameters[parameter.name],
                let owner = outline.owner(of: value)
            else { continue }
            let isBias = name.hasSuffix(".bias") && owner.hasMatrix && outline.graph[value].type.rank < 2
            if outline.graph[value].type.rank >= 2 { groups[owner.operation.name, default: []].append(name) }
            if isBias { groups["bias", default: []].append(name) }
        }
        return groups.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Lines above the network; empty where parameters begin as operators say.
    var comment: String {
        guard !entries.isEmpty else { return "" }
        var lines = ["# What a training says so that parameters begin as those of the graph do:"]
        var line = "#     initialize"
        for (index, entry) in entries.enumerated() {
            let text = " " + entry + (index + 1 < entries.count ? "," : "")
            if line.count + text.count > 120 {
                lines.append(line)
                line = "#        "
            }
            line += text
        }
        return (lines + [line]).joined(separator: "\n") + "\n"
    }
}

extension Initializer {
    /// The initializer as the language writes it.
    var source: String { if case .form(let chosen) = self { chosen.source } else { text } }
}

extension Chosen where Row == InitializerForm {
    /// The form with what is not as by default; the only thing that it can be given, without its name.
    var source: String {
        let given = form.parameters.compactMap { parameter -> (name: String, text: String)? in
            guard let value = values[parameter.name], value != parameter.defaultValue, let term = Term(value, as: parameter.kind) else {
                return nil
            }
            return (parameter.name, term.text(SymbolNames()).text)
        }
        guard !given.isEmpty else { return form.name }
        let arguments = form.parameters.count == 1 ? given.map(\.text) : given.map { "\($0.name): \($0.text)" }
        return "\(form.name)(\(arguments.joined(separator: ", ")))"
    }
}
