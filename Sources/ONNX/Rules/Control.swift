import Graph
import Interchange
import Operators

extension ImportRule {
    /// Constants, what differs in training, and branches that are known.
    static let control: [ImportRule] = [
        ImportRule("Constant") { (scope) throws(ImportFault) in
            if let tensor = try scope.tensor("value") { return [.known(tensor)] }
            if scope.has("value_float") { return [.known(HostTensor(shape: [], floats: [Float(scope.number("value_float", default: 0))]))] }
            if let values = scope.numbers("value_floats") {
                return [.known(HostTensor(shape: [values.count], floats: values.map(Float.init)))]
            }
            if scope.has("value_int") { return [.integers([try scope.integer("value_int", default: 0)], isScalar: true)] }
            if let values = try scope.integers("value_ints") { return [.integers(values)] }
            throw .unsupported("a constant that is no tensor of numbers")
        },
        ImportRule("ConstantOfShape") { (scope) throws(ImportFault) in
            let value = try scope.tensor("value") ?? HostTensor(shape: [1], floats: [0])
            let shape = try scope.integers(0)
            let element = ElementCode(value.element)
            guard let number = value.doubles.first else { throw .malformed("a constant of the shape \(shape), and no value") }
            guard !element.isInteger || number.magnitude <= Double(ConstantFolding.largestInteger) else {
                throw .unsupported("a constant of an integer beyond 2^53")
            }
            return [.known(try filled(scope, element, shape, with: number))]
        },
        ImportRule("Range") { (scope) throws(ImportFault) in
            let (start, limit, delta) = (try scope.number(0), try scope.number(1), try scope.number(2))
            let count: Double = delta == 0 ? .infinity : max(0, ((limit - start) / delta).rounded(.up))
            guard count <= 1_048_576 else { throw .malformed("a range from \(start) to \(limit) by \(delta)") }
            let element = try scope.element(0)
            try scope.importer.allowance.makeConstant(element.stored ?? .f64, [Int(count)])
            return [.known(HostTensor(element, shape: [Int(count)], numbers: (0..<Int(count)).map { start + Double($0) * delta }))]
        },
        ImportRule("Dropout", dropout),
        ImportRule("If", branch),
    ]

    /// Nothing is dropped where a network predicts; the mask says so.
    private static func dropout(_ scope: NodeScope) throws(ImportFault) -> [ImportedValue] {
        if scope.set >= 12, scope.isGiven(2), try scope.number(2) != 0 {
            let rate = try scope.isGiven(1) ? scope.number(1) : 0.5
            guard rate == 0 else { throw .unsupported("dropout in training, whose random numbers are ONNX's own") }
        }
        guard scope.node.output.count > 1, !scope.node.output[1].isEmpty else { return [try scope.input(0)] }
        let element = try scope.set < 10 ? scope.element(0) : .bool
        if let extents = try scope.shape(0).extents { return [try scope.input(0), .known(try filled(scope, element, extents, with: 1))] }
        // Of as many elements as there will be: no absolute value is below zero.
        let kept = Scalar.select(.less, .unary(.absolute, .argument(0)), .constant(-1), then: 0, otherwise: 1)
        return [try scope.input(0), .computed(try scope.map(ScalarFunction("kept", ["x"], kept), [scope.value(0)]), element)]
    }

    /// A tensor with one number everywhere.
    static func filled(
        _ scope: NodeScope, _ element: ElementCode, _ shape: [Int], with number: Double
    ) throws(ImportFault) -> HostTensor {
        guard let stored = element.stored else { throw .unsupported("a constant of \(element)") }
        try scope.importer.allowance.makeConstant(stored, shape)
        let one = HostTensor(element, shape: [], numbers: [number]).bytes
        let size = one.count * shape.reduce(1, *)
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            for index in 0..<size { buffer[index] = one[index % one.count] }
            count = size
        }
        return HostTensor(element: stored, shape: shape, bytes: bytes)
    }

    /// The branch that a known condition takes, whose nodes see what the graph around them made.
    private static func branch(_ scope: NodeScope) throws(ImportFault) -> [ImportedValue] {
        let condition = try scope.known(0)
        guard let graph = scope.graph(condition.doubles.first == 0 ? "else_branch" : "then_branch") else {
            throw .malformed("a branch is missing")
        }
        let importer = scope.importer
        // Names of a branch are its own.
        let outside = (importer.values, importer.initializers)
        defer { (importer.values, importer.initializers) = outside }
        for initializer in graph.initializer {
            importer.declare(try importer.tensor(initializer), initializer.name)
        }
        importer.run(graph.node, scope.sets, for: graph.output.map(\.name))
        return try graph.output.map { (output) throws(ImportFault) in
            guard let value = importer.values[output.name] else { throw .malformed("the branch does not make '\(output.name)'") }
            return value
        }
    }
}
