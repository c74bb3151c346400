import Graph
import Kernels
import LoopNest
import Recipes

/// What a run of a network, or a step of its training, takes of memory, tensor by tensor and step by step: known from the plan, before
/// anything is compiled or allocated.
public struct MemoryForecast: Sendable {
    /// What a tensor is kept for.
    public enum Kind: String, CaseIterable, Sendable {
        case input
        /// Of the program's own.
        case constant
        case weight
        /// Running statistics, and what else the network keeps from step to step.
        case state
        /// What the optimizer keeps: momentum, averages, gradients that are summed over several batches.
        case optimizerState = "optimizer_state"
        /// Computed from weights once: folded, in another order, transformed.
        case prepared
        /// What the network computes.
        case activation
        /// Gradients of activations, and what else only a training computes.
        case gradient
        /// Gradients of weights, where they are stored: an update that follows at once adds them where they are summed.
        case weightGradient = "weight_gradient"
        /// What the kernels of one layer hand on to each other.
        case workspace
    }

    public struct Tensor: Sendable {
        /// By index into the plan's buffers.
        public var buffer: Int
        public var kind: Kind
        /// The layer's label, or the name of an input or parameter; empty for what has no label.
        public var layer: String
        /// What computes it; empty for inputs and parameters.
        public var operation: String
        public var element: StoredElement
        public var extents: [Int]
        /// What it takes, padding included.
        public var bytes: Int
        /// The steps during which it is alive; nil for what is kept from run to run.
        public var lifetime: Range<Int>?

        /// The element type with the extents: `f32[64, 256, 56, 56]`.
        public var type: String { "\(element.rawValue)[\(extents.map(String.init).joined(separator: ", "))]" }
    }

    /// What a layer has alive at one step.
    public struct Share: Sendable {
        public var layer: String
        public var bytes: [Kind: Int]

        public var total: Int { bytes.values.reduce(0, +) }
    }

    public let network: String
    public let isTraining: Bool
    public let batch: Int
    public let need: MemoryNeed
    /// What lives from step to step lies in an arena of so many bytes, of which so many are alive at once: what no arena can be below.
    public let arenaBytes: Int
    public let arenaLowerBound: Int
    /// The machine code, estimated from the instructions of the kernels.
    public let codeBytes: Int
    /// What each step computes, for people.
    public let steps: [String]
    /// The bytes of the arena that are alive during each step, by what they are kept for.
    public let live: [[Kind: Int]]
    /// All tensors, the largest first.
    public let tensors: [Tensor]

    /// The bytes of the arena that are alive during each step.
    public var liveBytes: [Int] { live.map { $0.values.reduce(0, +) } }

    /// The first step during which most is alive; nil without steps.
    public var fullestStep: Int? {
        let bytes = liveBytes
        return bytes.indices.max { (bytes[$0], -$0) < (bytes[$1], -$1) }
    }

    /// What all tensors of a kind take that are kept from run to run.
    public func keptBytes(_ kind: Kind) -> Int {
        tensors.reduce(0) { $0 + ($1.kind == kind && $1.lifetime == nil ? $1.bytes : 0) }
    }

    /// What the layers have alive during a step, the largest share first.
    public func shares(at step: Int) -> [Share] {
        var shares: [String: [Kind: Int]] = [:]
        for tensor in tensors where tensor.lifetime?.contains(step) == true {
            shares[tensor.layer, default: [:]][tensor.kind, default: 0] += tensor.bytes
        }
        return shares.map { Share(layer: $0.key, bytes: $0.value) }.sorted { ($1.total, $0.layer) < ($0.total, $1.layer) }
    }

    /// The layer that takes most: of what is kept and what is alive during the fullest step.
    public var largestLayer: Share? {
        var shares: [String: [Kind: Int]] = [:]
        let fullest = fullestStep
        for tensor in tensors {
            if let lifetime = tensor.lifetime, !(fullest.map(lifetime.contains) ?? false) { continue }
            shares[Self.layer(of: tensor), default: [:]][tensor.kind, default: 0] += tensor.bytes
        }
        return shares.map { Share(layer: $0.key, bytes: $0.value) }.max { ($0.total, $1.layer) < ($1.total, $0.layer) }
    }

    /// The layer that a tensor belongs to: a parameter's name is the layer's with one part more, that of an optimizer's state with two.
    private static func layer(of tensor: Tensor) -> String {
        let parts = tensor.layer.split(separator: ".")
        let own = tensor.kind == .optimizerState ? 2 : [.weight, .state].contains(tensor.kind) ? 1 : 0
        return parts.count > own ? parts.dropLast(own).joined(separator: ".") : tensor.layer
    }
}

extension MemoryForecast {
    /// - Parameters:
    ///   - graph: the one that `plan` was made of, its symbols bound.
    ///   - threads: those that run it.
    init(_ plan: Plan, _ graph: Graph, of network: Network, training: Bool, batch: Int, threads: Int) {
        self.network = network.name
        isTraining = training
        self.batch = batch
        need = MemoryNeed(plan, threads: threads)
        arenaBytes = plan.arenaBytes
        arenaLowerBound = plan.arenaLowerBound
        codeBytes = plan.kernels.reduce(0) { $0 + $1.estimatedCodeBytes }
        steps = plan.steps.map(\.summary)
        let described = TensorDescriptions(plan, graph).tensors
        var live = [[Kind: Int]](repeating: [:], count: plan.steps.count)
        for tensor in described {
            for step in tensor.lifetime ?? 0..<0 { live[step][tensor.kind, default: 0] += tensor.bytes }
        }
        self.live = live
        tensors = described.sorted { ($1.bytes, $0.layer, $0.operation) < ($0.bytes, $1.layer, $1.operation) }
    }
}

/// Says of the buffers of a plan what they hold.
private struct TensorDescriptions {
    private let plan: Plan
    private let facts: GraphFacts
    /// What the outputs are computed from.
    private var isForward: [Bool]
    /// The shapes of the weights of each label.
    private var weightShapes: [String: Set<Shape>] = [:]
    /// The first value that each buffer holds; later ones are written over it.
    private var values: [Value?]
    /// The label of the first step, or preparation, that touches each buffer.
    private var labels: [String?]

    init(_ plan: Plan, _ graph: Graph) {
        self.plan = plan
        facts = GraphFacts(graph)
        isForward = [Bool](repeating: false, count: graph.nodes.count)
        for output in graph.outputs { isForward[output.value.index] = true }
        for index in graph.nodes.indices.reversed() where isForward[index] {
            for operand in graph.nodes[index].operands { isForward[operand.index] = true }
        }
        for node in graph.nodes where node.parameter?.role == .weight {
            if let label = node.label { weightShapes[label, default: []].insert(node.type.shape) }
        }
        values = [Value?](repeating: nil, count: plan.buffers.count)
        for (value, buffer) in plan.bufferOf where values[buffer].map({ value < $0 }) ?? true { values[buffer] = value }
        labels = [String?](repeating: nil, count: plan.buffers.count)
        for planned in plan.groups {
            guard let label = planned.group.members.lazy.compactMap({ graph[$0].label }).first else { continue }
            for step in planned.steps { for buffer in plan.steps[step].buffers where labels[buffer] == nil { labels[buffer] = label } }
        }
    }

    private var graph: Graph { facts.graph }

    /// What takes memory for itself: all but what lies in the arena only while weights are prepared.
    var tensors: [MemoryForecast.Tensor] {
        plan.buffers.indices.compactMap { index in
            let buffer = plan.buffers[index]
            func tensor(_ kind: MemoryForecast.Kind, _ layer: String, _ operation: String = "") -> MemoryForecast.Tensor {
                .init(
                    buffer: index, kind: kind, layer: layer, operation: operation, element: buffer.element, extents: buffer.extents,
                    bytes: buffer.alignedBytes, lifetime: buffer.lifetime)
            }
            switch buffer.storage {
            case .input(let name): return tensor(.input, name)
            case .parameter(let name): return tensor(kind(ofParameter: index), name)
            case .prepared: return tensor(.prepared, label(of: index), operation(of: index))
            case .arena: return buffer.lifetime == nil ? nil : tensor(kind(inArena: index), label(of: index), operation(of: index))
            case .temporary: return nil
            }
        }
    }

    private func kind(ofParameter buffer: Int) -> MemoryForecast.Kind {
        guard let parameter = values[buffer].flatMap({ graph[$0].parameter }) else { return .constant }
        if parameter.role == .weight { return .weight }
        return OptimizerState.isName(parameter.name) ? .optimizerState : .state
    }

    private func kind(inArena buffer: Int) -> MemoryForecast.Kind {
        guard let value = values[buffer] else { return .workspace }
        if isForward[value.index] { return .activation }
        // In another order, for the gradients of data.
        if facts.isWeight(value) { return .workspace }
        let node = graph[value]
        return node.label.flatMap { weightShapes[$0] }?.contains(node.type.shape) == true ? .weightGradient : .gradient
    }

    private func label(of buffer: Int) -> String { values[buffer].flatMap { graph[$0].label } ?? labels[buffer] ?? "" }

    private func operation(of buffer: Int) -> String {
        guard let node = values[buffer].map({ graph[$0] }) else { return "workspace" }
        if case .function(let function)? = node.attributes["function"] { return function.name }
        return node.operation?.name ?? "constant"
    }
}

extension Kernel {
    /// About how many bytes the object file of the kernel has.
    fileprivate var estimatedCodeBytes: Int {
        func count(_ statements: [Statement]) -> Int {
            statements.reduce(0) { sum, statement in
                switch statement {
                case .define, .perform: sum + 1
                case .loop(let loop): sum + 2 + min(loop.unroll, 64) * count(loop.body)
                case .when(_, _, let body): sum + 2 + count(body)
                }
            }
        }
        return 1500 + 10 * count(body)
    }
}
