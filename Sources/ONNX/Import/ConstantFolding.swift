import Graph
import Interchange
import Operators

/// What a node makes of tensors that are all known: its rule makes a small graph of it, which the fp64 reference computes.
enum ConstantFolding {
    /// Larger results stay in the graph, where what follows from weights alone is computed once, by kernels.
    private static let largestCount = 1 << 18
    /// Beyond it f64 does not have every integer.
    static let largestInteger: UInt64 = 1 << 53
    /// Whether a tensor has integers that f64 does not, those beyond 2^63 among them.
    static func wouldRound(_ tensor: HostTensor) -> Bool {
        guard ElementCode(tensor.element).isInteger else { return false }
        return tensor.integers.map { $0.contains { $0.magnitude > largestInteger } } ?? true
    }

    /// What all nodes of a model may take: windows may be wider than what they read, and many nodes may read one tensor.
    static let largestWork = 1 << 25
    /// Of operators that are composed of more than their operands and results have.
    private static let largestProduct = 1 << 13
    private static let products: Set<String> = [
        "MatMul", "Gemm", "Conv", "ConvTranspose", "CumSum", "TopK", "Resize", "Upsample", "MatMulInteger", "ConvInteger", "QLinearMatMul",
        "GatherElements", "Gather", "OneHot",
    ]

    /// The results of a node that reads known tensors only; nil where it reads others, or too large ones.
    static func fold(_ rule: ImportRule, _ scope: NodeScope) throws(ImportFault) -> [ImportedValue]? {
        // A branch is nodes of its own, which may read what the graph computes.
        guard !rule.isRandom, rule.name != "If", !scope.inputs.isEmpty else { return nil }
        var count = 0
        for input in scope.inputs {
            switch input {
            case .absent: break
            case .known(let tensor): count += tensor.count
            case .sizes, .computed, .missing: return nil
            }
        }
        guard count <= (products.contains(rule.name) ? largestProduct : largestCount) else { return nil }
        let importer = scope.importer
        // Reading an operand takes time as well, less than computing with it.
        guard importer.folding == nil, importer.allowance.mayCompute(count / 8) else { return nil }
        let outside = importer.builder
        importer.builder = GraphBuilder(name: "constants")
        importer.folding = [:]
        defer {
            importer.builder = outside
            importer.folding = nil
        }
        let results = try rule.read(scope)
        var elements: [String: ElementCode] = [:]
        for (index, result) in results.enumerated() {
            guard case .computed(let value, let element) = result else { continue }
            guard let size = importer.builder.type(of: value).shape.elementCount, size <= largestCount, element.stored != nil else {
                return nil
            }
            importer.builder.output("\(index)", value)
            elements["\(index)"] = element
        }
        if elements.isEmpty { return results }
        let graph = importer.builder.finish()
        var evaluator = ReferenceEvaluator()
        // As a run computes them; powers of integers are integers.
        let given = scope.inputs.compactMap(\.known).map { ElementCode($0.element) }
        evaluator.roundsToSingle = given.contains(where: \.isFloating) && !(rule.name == "Pow" && given[0].isInteger)
        guard importer.allowance.mayCompute(evaluator.work(of: graph)) else { return nil }
        let computed = evaluator.run(graph, inputs: importer.folding ?? [:]).outputs
        return try results.enumerated().map { (index, result) throws(ImportFault) in
            guard let element = elements["\(index)"], let tensor = computed["\(index)"] else { return result }
            if element.isInteger { try requireHeld(tensor, element, scope) }
            return .known(HostTensor(element, shape: tensor.extents, numbers: tensor.values))
        }
    }

    /// Throws where arithmetic of integers leaves those that their type holds, where ONNX has them wrap around, or those that are exact.
    private static func requireHeld(_ tensor: ReferenceTensor, _ element: ElementCode, _ scope: NodeScope) throws(ImportFault) {
        let given = scope.inputs.compactMap(\.known)
        // Others round to integers, or have been looked at.
        guard given.allSatisfy({ ElementCode($0.element).isInteger }), let range = element.range else { return }
        func isHeld(_ value: Double) -> Bool { range.contains(value) && value.magnitude <= Double(largestInteger) }
        let isExact = given.allSatisfy { $0.doubles.allSatisfy { $0.magnitude <= Double(largestInteger) } }
        guard isExact, !tensor.values.allSatisfy(isHeld) else { return }
        throw .unsupported("\(scope.node.opType) of integers whose results \(element) does not hold, or lie beyond 2^53")
    }
}
