import Graph
import Source

extension Elaborator {
    /// Calls a function of numbers, or `tensor`.
    func call(_ function: LanguageFunction, _ name: NameSyntax, _ arguments: [EvaluatedArgument], at span: Span) -> ElaboratedValue {
        if case .print = function.kind { return printed(arguments, of: name) }
        let called = NameSyntax(text: function.name, span: name.span)
        let formals = function.parameters.map { FormalParameter(name: $0, isRequired: true) }
        guard let matched = match(arguments, to: formals, of: called, at: span)?.compactMap({ $0 }) else { return .poison }
        if matched.contains(where: { $0.value.isPoison }) { return .poison }
        switch function.kind {
        case .print: return .nothing
        case .tensor: return tensor(matched[0])
        case .numbers(let compute):
            var numbers: [Double] = []
            for argument in matched {
                guard let number = argument.value.asNumber else {
                    return report(
                        "`\(function.name)` takes numbers, not \(phrase(argument.value))", at: argument.span,
                        help: "it is computed while the network is built")
                }
                numbers.append(number)
            }
            let result = compute(numbers)
            return result.isFinite ? .number(result) : report("the result is not a finite number", at: span)
        }
    }

    private func tensor(_ argument: EvaluatedArgument) -> ElaboratedValue {
        switch argument.value {
        case .tensor: return argument.value
        case .text(let path): return tensor(ofFile: path, at: argument.span).map { .tensor($0) } ?? .poison
        case .integer, .number, .list: return operand(argument.value, at: argument.span).map { .tensor($0) } ?? .poison
        default:
            return report(
                "a tensor is made of numbers in lists or a file, not of \(phrase(argument.value))", at: argument.span,
                help: "such as `tensor([[1, 2], [3, 4]])` or `tensor(\"kernel.npy\")`")
        }
    }

    /// A value as an operand where a tensor is wanted: numbers and lists of them become constants, and sizes numbers that a run knows. Nil for what is none, after a report
    /// only where it is a list.
    func operand(_ value: ElaboratedValue, at span: Span) -> Value? {
        if case .tensor(let tensor) = value { return tensor }
        if case .size(let size) = value {
            guard !self.size(size, at: span).isPoison else { return nil }
            let attributes: Attributes = ["value": .shape(Shape([Dimension(size.dividend)])), "divisor": .integer(size.divisor)]
            return try? builder.append(.size, [], attributes, span: span)
        }
        guard case .list(let items) = value else { return value.asNumber.map { builder.constant($0) } }
        return constant(items, at: span).map { builder.tensor($0.tensor, $0.shape, span: span) }
    }

    /// Nested lists of numbers as a tensor of the program; nil after a report.
    func constant(_ items: [ElaboratedValue], at span: Span) -> (tensor: ConstantTensor, shape: Shape)? {
        var values: [Float] = []
        guard let extents = flatten(items, depth: 1, into: &values, at: span) else { return nil }
        return (ConstantTensor(values), Shape(extents.map(Dimension.fixed)))
    }

    /// Appends the numbers of nested lists in row-major order.
    ///
    /// - Returns: the extents, nil after a report.
    private func flatten(_ items: [ElaboratedValue], depth: Int, into values: inout [Float], at span: Span) -> [Int]? {
        guard let first = items.first else {
            report("an empty list is no tensor", at: span, help: "a tensor has at least one element")
            return nil
        }
        guard depth <= Self.maximumRank else {
            report("lists nest too deeply for a tensor", at: span, help: "\(Self.maximumRank) axes are the limit")
            return nil
        }
        guard takeStep(at: span, making: items.count) else { return nil }
        if case .list = first {
            var inner: [Int]?
            for (index, item) in items.enumerated() {
                guard case .list(let row) = item else { return refuse(item, at: span) }
                guard let extents = flatten(row, depth: depth + 1, into: &values, at: span) else { return nil }
                if let inner, inner != extents {
                    report(
                        "the rows of this list differ: element 0 has the extents \(inner), element \(index) \(extents)", at: span,
                        help: "all rows of a tensor have as many elements")
                    return nil
                }
                inner = extents
            }
            return [items.count] + (inner ?? [])
        }
        guard values.count + items.count <= ConstantTensor.maximumCount else {
            report("this tensor is too large", at: span, help: "\(ConstantTensor.maximumCount) elements are the limit")
            return nil
        }
        for item in items {
            guard let number = item.asNumber else { return refuse(item, at: span) }
            guard Float(number).isFinite else {
                report("\(number) is too large for f32", at: span)
                return nil
            }
            values.append(Float(number))
        }
        return [items.count]
    }

    private func refuse(_ item: ElaboratedValue, at span: Span) -> [Int]? {
        if !item.isPoison {
            report("a tensor is made of numbers, and here is \(phrase(item)) among its elements", at: span, help: "all rows nest alike")
        }
        return nil
    }

    /// Tensors of lists and files have no more axes.
    private static let maximumRank = 8

    /// The tensor of an array file beside the source in which `span` lies.
    private func tensor(ofFile path: String, at span: Span) -> Value? {
        guard let source = map[span.file] else { return nil }
        let target = SourcePath.target(of: path, from: source.name)
        do {
            let file = try names.readTensor(target)
            let count = file.extents.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
            guard file.values.count <= ConstantTensor.maximumCount else {
                report(
                    "`\(path)` is too large: \(file.values.count) elements", at: span,
                    help: "\(ConstantTensor.maximumCount) elements are the limit; what is larger is a parameter of a weights file")
                return nil
            }
            guard file.extents.count <= Self.maximumRank, !file.values.isEmpty, count == file.values.count else {
                report(
                    "`\(path)` has the extents \(file.extents), which no tensor here can have", at: span,
                    help: "a tensor has at least one element and at most \(Self.maximumRank) axes")
                return nil
            }
            // They are looked through, and shared between all that name the file: the values of a list take many times as long.
            guard takeStep(at: span, making: file.values.count / 16) else { return nil }
            if let index = file.values.firstIndex(where: { $0.isNaN }) {
                report("`\(path)` holds a value that is no number, its element \(index)", at: span, help: "save it without NaNs")
                return nil
            }
            return builder.tensor(ConstantTensor(file.values), Shape(file.extents.map(Dimension.fixed)), span: span)
        } catch {
            report("cannot read `\(path)`: \(error.message)", at: span, help: error.repair)
            return nil
        }
    }
}
