import Foundation
import Graph
import Operators
import TestSupport
import Testing

/// One use of an operator and what PyTorch makes of it in fp64: all elements, and all gradients of the weighted sum. `Cases/pytorch.py`
/// writes them.
struct PyTorchCase: Decodable, CustomTestStringConvertible, Sendable {
    var operation: String
    /// What PyTorch calls it.
    var torch: String
    var extents: [[Int]]
    var values: [OperandValues]
    var attributes: [String: AttributeValue]
    var shape: [Int]
    var value: [Double]
    /// Those of the floating-point operands; empty where none flows.
    var gradients: [[Double]]

    var testDescription: String { "\(operation) \(extents), \(torch)" }

    /// A wave, one above 0, one between 0 and 1, integers, or numbers.
    enum OperandValues: Decodable, Sendable {
        case wave, positive, share
        case integers([Int])
        case floats([Double])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let numbers = try? container.decode([Int].self) {
                self = .integers(numbers)
            } else if let floats = try? container.decode([String: [Double]].self), let numbers = floats["floats"] {
                self = .floats(numbers)
            } else {
                self = ["positive": .positive, "share": .share][try container.decode(String.self)] ?? .wave
            }
        }
    }

    /// A parameter as JSON has it.
    struct AttributeValue: Decodable, Sendable {
        var attribute: Attribute

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let value = try? container.decode(Bool.self) {
                attribute = .boolean(value)
            } else if let value = try? container.decode(Int.self) {
                attribute = .integer(value)
            } else if let value = try? container.decode(Double.self) {
                attribute = .number(value)
            } else if let value = try? container.decode([Int].self) {
                attribute = .integers(value)
            } else if let value = try? container.decode([Double].self) {
                attribute = .numbers(value)
            } else {
                attribute = .text(try container.decode(String.self))
            }
        }
    }

    static func all() throws -> [PyTorchCase] {
        try JSONDecoder().decode([PyTorchCase].self, from: Data(contentsOf: Golden.folder("Cases/pytorch.json", beside: #filePath)))
    }

    /// The largest difference of an element of the value, and of one of the gradients, each relative to the largest element beside it.
    func differences() throws -> (value: Double, gradient: Double) {
        let row = try #require(OperatorCatalog.standard[operation], "no operator is called \(operation)")
        let types = zip(extents, values).map { extents, values in
            if case .integers = values { TensorType(.i32, Shape(extents)) } else { TensorType(.f32, Shape(extents)) }
        }
        let tensors = extents.indices.map { index in
            var tensor = wave(extents[index], index)
            switch values[index] {
            case .wave: break
            case .positive: tensor.values = tensor.values.map { 2 + $0 }
            case .share: tensor.values = tensor.values.map { 0.5 + 0.4 * $0 }
            case .integers(let integers): tensor.values = integers.map(Double.init)
            case .floats(let numbers): tensor.values = numbers
            }
            return tensor
        }
        let observed = try evaluate(row, tensors, types, Attributes(attributes.mapValues(\.attribute)), mode: .inference)
        #expect(observed.value.extents == shape)
        var largest = 0.0
        #expect(observed.gradients.count == gradients.count)
        for (own, expected) in zip(observed.gradients, gradients) {
            let expected = expected.isEmpty ? own.values.map { _ in 0 } : expected
            largest = max(largest, Self.difference(own.values, expected))
        }
        return (Self.difference(observed.value.values, value), largest)
    }

    private static func difference(_ observed: [Double], _ expected: [Double]) -> Double {
        #expect(observed.count == expected.count)
        let scale = max(expected.map(abs).max() ?? 0, 1e-3)
        return zip(observed, expected).reduce(0) { max($0, $1.0 == $1.1 ? 0 : abs($1.0 - $1.1) / scale) }
    }
}

@Suite struct PyTorchTests {
    /// A number as the exponent, which becomes products and roots: `pow` of C, and its derivative.
    @Test(arguments: [0, 1, 2, 3, 7, -1, -2, 0.5, 1.5, -0.5, -2.5, 2.7, -0.3]) func powersOfNumbers(_ exponent: Double) throws {
        let builder = GraphBuilder(name: "power")
        let x = builder.input("x", .f32(4))
        let y = builder.apply(.power, x, builder.constant(exponent))
        builder.output("y", y)
        builder.output("loss", builder.apply(.sum, y, attributes: ["axes": .integer(0)]))
        let decomposed = builder.finish().decomposed(mode: .inference)
        let graph = decomposed.extended { builder, copies in
            let target = decomposed.value(named: "x")!
            let loss = decomposed.outputs[1].value
            builder.output("dx", builder.gradients(of: copies[loss.index], withRespectTo: [copies[target.index]])[0])
        }
        let isWhole = exponent == exponent.rounded()
        let values = [0.3, 1, 2.5, isWhole ? -1.7 : 4]
        let result = run(graph, ["x": ReferenceTensor([4], values)])
        expectClose(try #require(result.outputs["y"]).values, values.map { pow($0, exponent) }, tolerance: 1e-14, "value")
        expectClose(
            try #require(result.outputs["dx"]).values, values.map { exponent * pow($0, exponent - 1) }, tolerance: 1e-14, "gradient")
    }

    @Test(arguments: try PyTorchCase.all()) func agrees(_ known: PyTorchCase) throws {
        let (value, gradient) = try known.differences()
        #expect(value <= 1e-12, "the value is off by \(value)")
        #expect(gradient <= 1e-12, "the gradient is off by \(gradient)")
    }

    /// The moments of random numbers, and their mean where nothing is trained.
    @Test func noiseHasItsMoments() throws {
        func run(_ row: Operator, _ attributes: Attributes, _ mode: Mode) throws -> [Double] {
            let builder = GraphBuilder(name: "noise")
            builder.output("y", builder.apply(row, builder.input("x", .f32(100, 200)), attributes: attributes))
            let given = ["x": ReferenceTensor([100, 200], repeating: 0), "seed": ReferenceTensor.scalar(5)]
            let inputs = mode == .training ? given : ["x": given["x"]!]
            return try #require(ReferenceEvaluator(mode: mode).run(builder.finish(), inputs: inputs).outputs["y"]).values
        }
        func moments(_ values: [Double]) -> [Double] {
            let count = Double(values.count)
            let mean = values.reduce(0, +) / count
            let central = (2...4).map { power in values.reduce(0) { $0 + pow($1 - mean, Double(power)) } / count }
            return [mean, central[0], central[1] / pow(central[0], 1.5), central[2] / (central[0] * central[0])]
        }
        let normal = moments(try run(.normalNoise, ["mean": .number(3), "deviation": .number(2)], .training))
        #expect(zip(normal, [3, 4, 0, 3]).allSatisfy { abs($0 - $1) < 0.1 }, "\(normal)")
        let uniform = moments(try run(.uniformNoise, ["low": .number(-1), "high": .number(3)], .training))
        #expect(zip(uniform, [1, 16.0 / 12, 0, 1.8]).allSatisfy { abs($0 - $1) < 0.05 }, "\(uniform)")
        #expect(try Set(run(.normalNoise, ["mean": .number(3)], .inference)) == [3])
        #expect(try Set(run(.uniformNoise, ["low": .number(-1), "high": .number(3)], .inference)) == [1])
    }

    /// The table of `docs/operators-pytorch.md` names every case, and its figures, which another machine's library of functions may miss by
    /// a little, hold.
    @Test func tableIsTrue() throws {
        let page = Golden.root.appending(path: "docs/operators-pytorch.md")
        var rows: [String: (torch: [String], cases: Int, value: Double, gradient: Double)] = [:]
        for known in try PyTorchCase.all() {
            let (value, gradient) = try known.differences()
            var row = rows[known.operation] ?? ([], 0, 0, 0)
            if !row.torch.contains(known.torch) { row.torch.append(known.torch) }
            row = (row.torch, row.cases + 1, max(row.value, value), max(row.gradient, gradient))
            rows[known.operation] = row
        }
        let text = try String(contentsOf: page, encoding: .utf8)
        let parts = text.components(separatedBy: "<!-- generated: differences -->\n")
        let (head, rest) = (parts[0], parts.count == 2 ? parts[1].components(separatedBy: "<!-- end -->") : [])
        try #require(rest.count == 2)
        if Golden.isUpdating {
            var table = "| row | PyTorch | uses | value | gradient |\n|---|---|---|---|---|\n"
            for operation in OperatorCatalog.standard.operators {
                guard let row = rows[operation.name] else { continue }
                let names = row.torch.map { "`\($0)`" }.joined(separator: ", ")
                table += "| `\(operation.name)` | \(names) | \(row.cases) | \(Self.figure(row.value)) | \(Self.figure(row.gradient)) |\n"
            }
            let updated = head + "<!-- generated: differences -->\n" + table + "<!-- end -->" + rest[1]
            return try Data(updated.utf8).write(to: page, options: .atomic)
        }
        var named: Set<String> = []
        for line in rest[0].split(separator: "\n").dropFirst(2) {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: CharacterSet(charactersIn: " `")) }
            let row = try #require(rows[cells[0]], "\(cells[0]) has no case")
            named.insert(cells[0])
            #expect(Int(cells[2]) == row.cases, "\(cells[0]) has \(row.cases) uses")
            for (cell, observed) in zip(cells[3...], [row.value, row.gradient]) {
                let stated = try #require(Double(cell))
                #expect(observed <= max(4 * stated, 4e-16), "\(cells[0]) is off by \(observed), not \(stated)")
            }
        }
        #expect(named == Set(rows.keys))
    }

    /// Two digits, rounded up.
    private static func figure(_ difference: Double) -> String {
        guard difference > 0 else { return "0" }
        let unit = pow(10, floor(log10(difference)) - 1)
        return String(format: "%.1e", (difference / unit).rounded(.up) * unit)
    }
}
