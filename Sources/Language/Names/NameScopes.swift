import Source

/// The names that are bound around a place of a body, in scopes of which the innermost stands last, and whether anything reads them.
struct NameScopes {
    struct Binding {
        let span: Span
        /// How a warning calls it, before its name.
        var kind = ""
        var isMutable = false
        /// Whether it has a next value, which `update` gives.
        var isState = false
        /// Whether to say so when nothing reads it.
        var mustBeUsed = false
        var isUsed = false
    }

    private var scopes: [[String: Binding]] = []

    mutating func open() { scopes.append([:]) }

    /// Ends the innermost scope.
    ///
    /// - Returns: warnings of what was bound in it and never read.
    mutating func close() -> [Diagnostic] {
        scopes.removeLast().sorted { $0.value.span.lower < $1.value.span.lower }.compactMap { name, binding in
            guard binding.mustBeUsed, !binding.isUsed, !name.hasPrefix("_") else { return nil }
            return Diagnostic(
                "\(binding.kind)`\(name)` is never used", severity: .warning, at: binding.span,
                help: "remove it, or begin its name with `_`")
        }
    }

    /// Binds a name in the innermost scope.
    ///
    /// - Returns: a warning if it was bound there before and never read.
    mutating func bind(_ name: NameSyntax, _ binding: Binding) -> Diagnostic? {
        let hidden = scopes[scopes.count - 1].updateValue(binding, forKey: name.text)
        guard let hidden, hidden.mustBeUsed, !hidden.isUsed, !name.text.hasPrefix("_") else { return nil }
        return Diagnostic(
            "`\(name.text)` is never used before it is bound again", severity: .warning, at: hidden.span,
            secondary: [Diagnostic.Label(name.span, "bound again here")], help: "remove it, or use it")
    }

    var innermost: [String: Binding] { scopes[scopes.count - 1] }

    /// The innermost binding of a name, nil where there is none.
    func binding(of name: String) -> Binding? { scopes.last { $0[name] != nil }?[name] }

    /// The innermost binding of a name, which is read from here on; nil where there is none.
    mutating func use(_ name: String) -> Binding? {
        guard let level = scopes.lastIndex(where: { $0[name] != nil }) else { return nil }
        scopes[level][name]?.isUsed = true
        return scopes[level][name]
    }

    var names: [String] { scopes.flatMap(\.keys) }
    var stateNames: [String] { scopes.flatMap { $0.filter(\.value.isState).keys } }
    var mutableNames: [String] { scopes.flatMap { $0.filter(\.value.isMutable).keys } }
}
