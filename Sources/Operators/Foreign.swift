import CompiledC
import Graph

/// Functions over arrays that are written in C.
extension Operator {
    /// Calls a C function once a picture. What its result is, and what it takes, is said by a rule, which the language's `operator` makes.
    ///
    /// Several results, the gradients of several inputs, lie one behind the other in a matrix [N, elements].
    public static let foreign: Operator = Operator(
        "c_function", "Calls a function of a C file once for each picture.", inputs: foreignInputs,
        parameters: [
            OperatorParameter("rule", .text, "the types: `x: f32[N, C, H, W] -> f32[N, C, H, W]`"),
            OperatorParameter("function", .text, "the function's name"),
            OperatorParameter("numbers", .text, default: .text(""), "the numbers that it takes behind the shape, as C writes them"),
            OperatorParameter("gradient", .text, default: .text(""), "the name of the function that computes the inputs' gradients"),
            OperatorParameter("source", .text, "the C text that has the functions"),
        ],
        isInLanguage: false,
        inferType: { (signature) throws(TypeError) in
            let check = try Checker("c_function", foreignInputs, signature)
            let use = try ForeignUse(signature)
            let shapes = try use.rule.results(of: signature.operands)
            let shape = shapes.count > 1 ? shapes.packed : shapes[0]
            try check.checkSound(shape)
            if !use.gradient.isEmpty {
                let types = signature.operands + [TensorType(.f32, shape)]
                try check.checkSound(use.rule.gradient.results(of: types).packed)
            }
            return TensorType(.f32, shape)
        },
        lowering: { .foreign(ForeignUse(accepted: $0).call($0.operands)) },
        gradient: .rule { context in
            let use = ForeignUse(accepted: context.signature)
            guard !use.gradient.isEmpty else { return context.operands.map { _ in nil } }
            return use.gradients(context)
        },
        examples: [
            OperatorExample("differences of neighbours", [.f32(3, 2, 5, 7)], ForeignExample.differences),
            OperatorExample("products with a shared table", [.f32(3, 2, 5), .f32(5)], ForeignExample.products),
        ])
}

private let foreignInputs = [OperatorInput("inputs", variadic: true, "what the rule asks for")]

/// A use of the row, its attributes read.
private struct ForeignUse {
    let rule: ForeignRule
    let function: String
    let numbers: [String]
    let gradient: String
    let source: String

    init(_ signature: Signature) throws(TypeError) {
        let attributes = signature.attributes
        rule = try ForeignRule(reading: attributes.text("rule"))
        function = attributes.text("function")
        gradient = attributes.text("gradient")
        source = attributes.text("source")
        for (parameter, name) in [("function", function), ("gradient", gradient.isEmpty ? "none" : gradient)] {
            guard name.isNameInC else { throw TypeError("'\(name)' is no name of a C function", parameter: parameter) }
        }
        numbers = attributes.text("numbers").split(separator: ",").map { $0.trimmingBlanks }
        for number in numbers where !number.isNumberInC {
            throw TypeError("'\(number)' is no number of C", repair: "write numbers as `2, 0.5f`", parameter: "numbers")
        }
    }

    init(accepted signature: Signature) { self = unfailing { () throws(TypeError) in try ForeignUse(signature) } }

    func call(_ operands: [TensorType]) -> ForeignCall {
        ForeignCall(
            source: source, function: function, gradient: gradient.isEmpty ? nil : gradient, numbers: numbers, rule: rule,
            operands: operands)
    }

    /// One call of the gradient's function, and its parts.
    func gradients(_ context: GradientContext) -> [Value?] {
        let builder = context.builder
        let own = rule.gradient
        let all = builder.apply(
            .foreign, context.operands + [context.gradient],
            [
                "rule": .text("\(own)"), "function": .text(gradient), "source": .text(source),
                "numbers": .text(numbers.joined(separator: ", ")),
            ])
        let types = context.operands.map { builder.type(of: $0) }
        let shapes = unfailing { () throws(TypeError) in
            try own.results(of: types + [builder.type(of: context.gradient)])
        }
        var start = SizeExpression(0)
        return shapes.indices.map { index in
            let count = shapes[index].tallyWithoutBatch
            defer { start = start + count }
            guard context.wanted[index] else { return nil }
            var part = all
            if shapes.count > 1 {
                part = builder.apply(
                    .slice, part,
                    attributes: ["start": .shape(Shape([Dimension(start)])), "count": .shape(Shape([Dimension(count)]))])
                part = builder.apply(.reshape, part, attributes: ["shape": .shape(shapes[index])])
            }
            return rule.isShared(index) ? builder.apply(.sum, part, attributes: ["axes": .integers([0])]) : part
        }
    }
}

extension [Shape] {
    /// Of several results: for each picture, all elements one after the other.
    fileprivate var packed: Shape {
        Shape([self[0][0], Dimension(reduce(SizeExpression(0)) { $0 + $1.tallyWithoutBatch })])
    }
}

extension Shape {
    /// The number of elements for one picture.
    fileprivate var tallyWithoutBatch: SizeExpression {
        dimensions.dropFirst().reduce(SizeExpression(1)) { $0 * $1.expression }
    }
}

extension Substring {
    fileprivate var trimmingBlanks: String {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}

// MARK: - Reference

extension ForeignCall {
    /// What is compiled.
    public var compiled: ArrayFunction {
        ArrayFunction(source: source, name: function, arrays: inputs.count + results.count, numbers: numbers)
    }

    /// What the results are before the function writes them: a NaN that no computation makes.
    public static let unwritten = Double(nan: 0xB4A1D, signaling: false)

    /// The results in fp64: the same C, in which `float` means `double`.
    func evaluate(_ operands: [ReferenceTensor], extents: [Int]) -> ReferenceTensor {
        let entry: ArrayFunction.Entry
        do throws(CompilationError) {
            entry = try compiled.entry(computingIn: .double)
        } catch {
            preconditionFailure("a C function is prepared before its values are computed: \(error)")
        }
        func count(_ array: Array) -> Int {
            guard let count = array.shape.elementCount else { preconditionFailure("the symbols of \(array.shape) are bound") }
            return count
        }
        let shape = (inputs + results).flatMap { $0.shape.extents?.map(Int64.init) ?? [] }
        let stride = results.reduce(0) { $0 + count($1) }
        let arrays = operands.map { operand -> UnsafeMutableBufferPointer<Double> in
            let array = UnsafeMutableBufferPointer<Double>.allocate(capacity: operand.values.count)
            _ = array.initialize(from: operand.values)
            return array
        }
        let result = UnsafeMutableBufferPointer<Double>.allocate(capacity: extents.reduce(1, *))
        result.initialize(repeating: Self.unwritten)
        defer { for array in arrays + [result] { array.deallocate() } }
        for picture in 0..<extents[0] {
            var addresses: [UnsafeMutableRawPointer?] = []
            for (array, input) in zip(arrays, inputs) {
                addresses.append(array.baseAddress.map { $0 + (input.isShared ? 0 : picture * count(input)) })
            }
            var start = picture * stride
            for part in results {
                addresses.append(result.baseAddress.map { $0 + start })
                start += count(part)
            }
            entry(addresses, shape)
        }
        return ReferenceTensor(extents, Swift.Array(result))
    }
}

/// Uses of the operator, for the tests and the reference page.
private enum ForeignExample {
    /// The difference of each element and the one behind it in its row; the last one is kept.
    static let differences: Attributes = [
        "rule": .text("x: f32[N, C, H, W] -> f32[N, C, H, W]"), "function": .text("differences"), "numbers": .text("0.5f"),
        "gradient": .text("differences_gradient"),
        "source": .text(
            """
            void differences(const float *x, float *y, const long *shape, float scale) {
                long rows = shape[0] * shape[1], width = shape[2];
                for (long i = 0; i < rows * width; i++) y[i] = scale * (x[i] - (i % width + 1 < width ? x[i + 1] : 0));
            }

            void differences_gradient(const float *x, const float *dy, float *dx, const long *shape, float scale) {
                long rows = shape[0] * shape[1], width = shape[2];
                for (long i = 0; i < rows * width; i++) dx[i] = scale * (dy[i] - (i % width > 0 ? dy[i - 1] : 0));
            }

            """),
    ]

    /// Each element times its column's in a table that all pictures share; exp keeps them positive.
    static let products: Attributes = [
        "rule": .text("x: f32[N, C, L], table: f32[L] -> f32[N, C, L]"), "function": .text("products"),
        "gradient": .text("products_gradient"),
        "source": .text(
            """
            #include <math.h>

            void products(const float *x, const float *table, float *y, const long *shape) {
                for (long i = 0; i < shape[0] * shape[1]; i++) y[i] = x[i] * expf(table[i % shape[1]]);
            }

            void products_gradient(
                const float *x, const float *table, const float *dy, float *dx, float *dtable, const long *shape) {
                for (long j = 0; j < shape[1]; j++) dtable[j] = 0;
                for (long i = 0; i < shape[0] * shape[1]; i++) {
                    long j = i % shape[1];
                    dx[i] = dy[i] * expf(table[j]);
                    dtable[j] += dy[i] * x[i] * expf(table[j]);
                }
            }

            """),
    ]
}
