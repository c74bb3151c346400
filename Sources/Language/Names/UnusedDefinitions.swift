import Source

/// Finds the definitions and imports of a file that none of its networks needs.
///
/// A file without networks is there for others to import: nothing in it is unused.
struct UnusedDefinitions {
    private let root: FileSyntax
    /// What each import of the root file brings, those of the files that it imports included, by the import's path.
    private let brought: [(item: ImportSyntax, definitions: [DefinitionSyntax])]

    init(_ root: FileSyntax, brought: [(item: ImportSyntax, definitions: [DefinitionSyntax])]) {
        self.root = root
        self.brought = brought
    }

    func warnings() -> [Diagnostic] {
        guard root.definitions.contains(where: \.isNetwork) else { return [] }
        let reached = reachedNames()
        var warnings: [Diagnostic] = []
        for definition in root.definitions {
            guard let name = definition.name, !definition.isNetwork, !reached.contains(name.text), !name.text.hasPrefix("_") else {
                continue
            }
            warnings.append(
                Diagnostic(
                    "`\(name.text)` is never used", severity: .warning, at: name.span,
                    help: "remove it, or begin its name with `_`"))
        }
        for (item, definitions) in brought where !definitions.isEmpty {
            // The networks of an imported file can be chosen like those of this one, which is a use.
            let isUsed = definitions.contains { $0.isNetwork || $0.name.map { reached.contains($0.text) } ?? true }
            guard !isUsed else { continue }
            warnings.append(
                Diagnostic("nothing of `\(item.path)` is used", severity: .warning, at: item.span, help: "remove the \(item.kind.rawValue)")
            )
        }
        return warnings
    }

    /// All names that the networks and trainings mention, or a definition that they mention does.
    private func reachedNames() -> Set<String> {
        let all = root.definitions + brought.flatMap(\.definitions)
        var mentions: [String: Set<String>] = [:]
        for definition in all where !definition.isEntry {
            if let name = definition.name { mentions[name.text, default: []].formUnion(definition.mentionedNames) }
        }
        var reached: Set<String> = []
        var open = all.filter(\.isEntry).flatMap(\.mentionedNames)
        while let name = open.popLast() {
            if reached.insert(name).inserted, let further = mentions[name] { open += further }
        }
        return reached
    }
}

extension DefinitionSyntax {
    fileprivate var isNetwork: Bool { if case .network = self { true } else { false } }

    /// Whether it is used by being there.
    fileprivate var isEntry: Bool {
        switch self {
        case .network, .training: true
        case .block, .activation, .operator: false
        }
    }
}
