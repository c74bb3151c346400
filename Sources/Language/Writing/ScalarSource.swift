import Graph

/// Formulas of elements as the language writes them.
extension Scalar {
    /// The formula as a source has it, of parameters with these names.
    ///
    /// - Throws: for what no formula of the language says, or would be computed while it is read: the graph would have another formula then.
    func source(_ names: [String]) throws(WritingError) -> String {
        guard operationCount <= Self.largestSource, depth <= Self.deepestSource else {
            throw WritingError("its formula is too long or too deep for an activation", repair: "part it into several functions")
        }
        return try source(names, within: .pipeline)
    }

    private static let largestSource = 4096
    private static let deepestSource = 200

    private func source(_ names: [String], within outer: Term.Precedence) throws(WritingError) -> String {
        func wrapped(_ text: String, _ own: Term.Precedence) -> String { own < outer ? "(\(text))" : text }
        if !children.isEmpty, children.allSatisfy({ if case .constant = $0 { true } else { false } }) {
            throw WritingError("the part \(text(arguments: names)) of its formula is a number", repair: "write the number")
        }
        switch self {
        case .constant(let value):
            guard value.isFinite else {
                throw WritingError("its formula has the number \(value), which no source can hold", repair: "take a finite number")
            }
            return wrapped(Term.text(ofNumber: value), value.sign == .minus ? .unary : .primary)
        case .argument(let index): return names[index]
        case .coordinate, .uniform:
            throw WritingError(
                "its formula depends on the element's position, which no activation knows",
                repair: "let it take a tensor of the positions, such as `tensor([0, 1, 2])`")
        case .unary(.negate, let a): return wrapped("-" + (try a.source(names, within: .primary)), .unary)
        case .unary(let function, let a): return "\(function.textName)(\(try a.source(names, within: .pipeline)))"
        case .binary(let function, let a, let b):
            guard mapChildren({ $0 }) == self else {
                throw WritingError("the part \(text(arguments: names)) of its formula can be shortened", repair: "write it without")
            }
            switch function {
            case .add, .subtract, .multiply, .divide:
                if function == .divide, case .constant(0) = b {
                    throw WritingError("its formula divides by zero", repair: "divide by another number than 0")
                }
                let own: Term.Precedence = function == .add || function == .subtract ? .sum : .product
                let next: Term.Precedence = own == .sum ? .product : .unary
                let (left, right) = (try a.source(names, within: own), try b.source(names, within: next))
                return wrapped("\(left) \(function.textName) \(right)", own)
            case .maximum, .minimum:
                let (left, right) = (try a.source(names, within: .pipeline), try b.source(names, within: .pipeline))
                return "\(function == .maximum ? "maximum" : "minimum")(\(left), \(right))"
            }
        case .select(let comparison, let a, let b, let then, let otherwise):
            // A number stands behind what it is compared with.
            var (left, mark, right) = (a, comparison.textName, b)
            if case .constant = a, comparison != .equal { (left, mark, right) = (b, comparison == .less ? ">" : ">=", a) }
            let condition = "\(try left.source(names, within: .sum)) \(mark) \(try right.source(names, within: .sum))"
            let rest = try otherwise.source(names, within: .pipeline)
            let isChain = if case .select = otherwise { true } else { false }
            let chosen = "{ \(try then.source(names, within: .pipeline)) } else " + (isChain ? rest : "{ \(rest) }")
            return wrapped("if \(condition) \(chosen)", .pipeline)
        }
    }

    /// The distinct numbers of the formula, in order, as far as there are few.
    var numbers: [Double] {
        var found: [Double] = []
        func collect(_ scalar: Scalar) {
            guard found.count < 12 else { return }
            if case .constant(let value) = scalar, !found.contains(value) { found.append(value) }
            for child in scalar.children { collect(child) }
        }
        collect(self)
        return found
    }
}
