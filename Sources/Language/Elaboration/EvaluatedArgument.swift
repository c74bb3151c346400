import Source

/// An argument of a call that is being made.
struct EvaluatedArgument {
    var name: NameSyntax?
    var value: ElaboratedValue
    var span: Span
}

/// What a callable takes.
struct FormalParameter {
    var name: String
    var isRequired: Bool
    /// Where it is declared, `none` for what the language brings.
    var span: Span = .none
}

extension Elaborator {
    /// Gives each argument its place among the formals; nil after a report.
    func match(_ arguments: [EvaluatedArgument], to formals: [FormalParameter], of name: NameSyntax, at span: Span) -> [EvaluatedArgument?]?
    {
        var matched = [EvaluatedArgument?](repeating: nil, count: formals.count)
        var next = 0
        let usage = "`\(name.text)` takes " + (formals.isEmpty ? "no arguments" : formals.map(\.name).joined(separator: ", "))
        for argument in arguments {
            let place: Int
            if let given = argument.name {
                guard let found = formals.firstIndex(where: { $0.name == given.text }) else {
                    let nearest = Spelling.nearest(to: given.text, in: formals.map(\.name))
                    report(
                        "`\(name.text)` has no argument `\(given.text)`", at: given.span,
                        help: ForeignNames.repair(ofArgument: given.text, among: formals.map(\.name))
                            ?? nearest.map { "did you mean `\($0)`?" } ?? usage)
                    return nil
                }
                place = found
            } else {
                guard next < formals.count else {
                    report("too many arguments for `\(name.text)`", at: argument.span, help: usage)
                    return nil
                }
                place = next
                next += 1
            }
            if let other = matched[place] {
                report(
                    "the argument `\(formals[place].name)` is given twice", at: argument.name?.span ?? argument.span,
                    secondary: [Diagnostic.Label(other.span, "first given here")], help: "remove one of them")
                return nil
            }
            matched[place] = argument
        }
        for (index, formal) in formals.enumerated() where formal.isRequired && matched[index] == nil {
            let secondary = formal.span.isNone ? [] : [Diagnostic.Label(formal.span, "declared here")]
            report("`\(name.text)` needs `\(formal.name)`", at: name.span, secondary: secondary, help: usage)
            return nil
        }
        return matched
    }
}
