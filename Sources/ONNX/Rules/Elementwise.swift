import Graph
import Interchange
import Operators

extension ImportRule {
    /// Arithmetic, element by element, and conversions of types.
    static let elementwise: [ImportRule] = [
        division, power, mean, modulo, cast("Cast"), castLike, identity,
        // As the language writes -x.
        ImportRule("Neg") { (scope) throws(ImportFault) in
            try scope.requireFloating()
            return try scope.result(scope.apply(.multiply, [scope.value(0), scope.constant(-1)]))
        },
    ]

    /// Integers are divided towards zero.
    private static let division = ImportRule("Div") { (scope) throws(ImportFault) in
        guard try scope.element(0).isInteger else { return try scope.read(.divide) }
        try scope.requireFloating()
        return try scope.result(scope.map(ModelActivations.function("quotient(x, y)"), scope.repeated()))
    }

    private static let modulo = ImportRule("Mod") { (scope) throws(ImportFault) in
        try scope.requireFloating()
        let isTruncated = try scope.boolean("fmod", default: false)
        let operands = try scope.aligned()
        func map(_ call: String, _ operands: Value...) throws(ImportFault) -> Value {
            try scope.map(ModelActivations.function(call), operands)
        }
        if try scope.element(0).isInteger {
            return try scope.result(map(isTruncated ? "whole_remainder(x, y)" : "whole_modulo(x, y)", operands[0], operands[1]))
        }
        // First by 2^23 times the divisor: so a quotient below 2^47 is of two that f32 holds. What is farther gives no number, and none that is wrong.
        var rest = operands[0]
        for divisor in [try map("widened(x)", operands[1]), operands[1]] {
            let left = try map("left_over(x, y, z)", rest, map("whole_quotient(x, y)", rest, divisor), divisor)
            rest = try map("within_divisor(x, y, z)", left, divisor, operands[0])
        }
        rest = try map("unless_far(x, y, z)", rest, operands[0], operands[1])
        return try scope.result(isTruncated ? rest : map("signed_as_divisor(x, y)", rest, operands[1]))
    }

    /// Exponents may be integers.
    private static let power = ImportRule("Pow") { (scope) throws(ImportFault) in
        try scope.requireFloating(0..<1)
        return try scope.result(scope.apply(.power, scope.repeated()))
    }

    private static let mean = ImportRule("Mean") { (scope) throws(ImportFault) in
        try scope.result(scope.apply(.divide, [scope.joined(.add), scope.constant(Double(scope.inputs.count))]))
    }

    private static let identity = ImportRule("Identity") { (scope) throws(ImportFault) in [try scope.keptInput()] }

    private static func cast(_ name: String) -> ImportRule {
        ImportRule(name) { (scope) throws(ImportFault) in
            try converted(scope, to: ElementCode(number: Int32(scope.integer("to", default: 1))))
        }
    }

    private static let castLike = ImportRule("CastLike") { (scope) throws(ImportFault) in try converted(scope, to: scope.element(1)) }

    /// The first input as another type: towards zero where that has integers, and everything but zero is true.
    private static func converted(_ scope: NodeScope, to element: ElementCode) throws(ImportFault) -> [ImportedValue] {
        let from = try scope.element(0)
        guard let stored = element.stored, from.stored != nil else { throw .unsupported("a conversion from \(from) to \(element)") }
        if from == element || element.isFloating {
            if case .known(let tensor) = try scope.input(0) {
                scope.keepInitializer()
                if from == element { return [.known(tensor)] }
                try scope.importer.allowance.makeConstant(stored, tensor.shape)
                return [.known(HostTensor(element, shape: tensor.shape, numbers: tensor.doubles))]
            }
            guard element.isComputable || scope.importer.folding != nil else {
                throw .unsupported("a conversion to \(element) while the network runs")
            }
            return try scope.result(scope.value(0), element)
        }
        if element == .bool { return try scope.result(scope.map(ModelActivations.function("is_not_zero(x)"), [scope.value(0)]), element) }
        if from.isFloating { return try scope.result(scope.map(ModelActivations.function("truncate(x)"), [scope.value(0)]), element) }
        let isNarrower =
            from != .bool
            && !(element.range?.contains(from.range?.lowerBound ?? 0) == true
                && element.range?.contains(from.range?.upperBound ?? 0) == true)
        if isNarrower {
            // What does not fit wraps around.
            guard let tensor = try scope.input(0).known, let integers = tensor.integers else {
                // What names classes and positions is of 32 bits in the graph.
                if element == .i32, case .computed(let value, _) = try scope.input(0), scope.holdsPositions(value) {
                    return [.computed(value, element)]
                }
                throw .unsupported("a conversion from \(from) to \(element) while the network runs")
            }
            try scope.importer.allowance.makeConstant(stored, tensor.shape)
            guard case let size = stored.size, size < 8 else {
                let bytes = integers.flatMap { value in withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) } }
                return [.known(HostTensor(element: stored, shape: tensor.shape, bytes: bytes))]
            }
            let modulus = Int64(1) << (8 * size)
            let isSigned = (element.range?.lowerBound ?? 0) < 0
            let wrapped = integers.map { value -> Double in
                let rest = ((value % modulus) + modulus) % modulus
                return Double(isSigned && rest >= modulus / 2 ? rest - modulus : rest)
            }
            return [.known(HostTensor(element, shape: tensor.shape, numbers: wrapped))]
        }
        return try scope.result(scope.value(0), element)
    }
}
