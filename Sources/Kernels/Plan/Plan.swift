import Graph
import LoopNest

/// All that is needed to run a graph: its kernels in order, and where every buffer lies.
public struct Plan: Sendable {
    /// Where a buffer's memory comes from.
    public enum Storage: Hashable, Sendable {
        /// Filled by the caller before every run; by name.
        case input(String)
        /// Kept from run to run; by name.
        case parameter(String)
        /// Computed from parameters alone by the `preparation` steps, and kept.
        case prepared
        /// In the arena, at a byte offset.
        case arena(Int)
        /// In the arena's memory, at a byte offset, while the preparation runs: see `streamParameters`.
        case temporary(Int)
    }

    public struct PlannedBuffer: Sendable {
        public var storage: Storage
        /// What its elements are stored as; those of inputs, outputs and parameters as the graph has them.
        public var element: StoredElement
        /// The logical extents and how they are stored; a workspace is one plain axis.
        public var extents: [Int]
        public var layout: Layout
        /// The steps during which it is alive, of what lies in the arena; nil for what is kept, and for what only the preparation needs.
        public var lifetime: Range<Int>?

        public var count: Int { layout.storedCount(extents) }
        public var bytes: Int { count * element.size }
        /// The bytes that it takes where buffers lie one behind the other.
        public var alignedBytes: Int { (bytes + MemoryPlan.alignment - 1) / MemoryPlan.alignment * MemoryPlan.alignment }
    }

    public struct Step: Sendable {
        /// An index into `kernels`.
        public var kernel: Int
        /// The buffer of every parameter of the kernel, by index into `buffers`.
        public var buffers: [Int]
        /// What the step computes, for people: labels of the nodes in it.
        public var summary: String
        /// The multiply-accumulates of its contraction, as the formula has them, whatever the algorithm does instead; 0 without one.
        public var multiplyAccumulates = 0
        /// The bytes that the step reads or writes, each once: of tensors, their parts where they lie in others, and workspaces.
        public var bytes = 0
        /// How many of `bytes` are kept from run to run: parameters, and what is prepared from them.
        public var keptBytes = 0
        /// How its contraction is computed; nil without one, or where nothing was chosen.
        public var choice: AlgorithmChoice?

        /// How many products of its unit each product of its contraction takes.
        public var productsOfEach: Int { choice?.chosen.productsOfEach ?? 1 }
        /// What multiplies and adds up the products of its contraction; nil without one.
        public var unit: ProductUnit? { multiplyAccumulates > 0 ? choice?.chosen.unit ?? .multiplyAdds : nil }
    }

    /// A group of the graph with the steps that compute it.
    public struct PlannedGroup: Sendable {
        public var group: Group
        /// By index into `steps`.
        public var steps: Range<Int>
    }

    public var name: String
    public var kernels: [Kernel] = []
    public var buffers: [PlannedBuffer] = []
    /// Run once, whenever parameters were set.
    public var preparation: [Step] = []
    public var steps: [Step] = []
    /// The groups that the steps compute, in their order.
    public var groups: [PlannedGroup] = []
    /// The buffer of every value that has memory of its own, or is written over another.
    public var bufferOf: [Value: Int] = [:]
    /// The graph's outputs, by name.
    public var outputs: [(name: String, buffer: Int)] = []
    /// Parameters with their declarations, in the graph's order.
    public var parameters: [(parameter: Parameter, buffer: Int)] = []
    /// The tensors that the program itself gives, which lie beside the parameters and are part of no file.
    public var tensors: [(values: ConstantTensor, buffer: Int)] = []
    public var inputs: [(name: String, buffer: Int)] = []
    public var arenaBytes = 0
    /// The largest number of bytes alive at one time in the arena: what no plan can go below.
    public var arenaLowerBound = 0
    /// The size of what is alive while the preparation runs, and no longer.
    public var temporaryBytes = 0
    /// Whether parameters that only the preparation reads are not kept.
    public var streamsParameters = false
}

extension Plan {
    /// What every thread has for itself while a kernel runs, in bytes. A page between the threads' parts keeps prefetchers of one off the
    /// other's lines.
    public var scratchBytesOfThread: Int {
        let largest = kernels.map(\.scratchBytes).max() ?? 0
        return (largest + 4095) / 4096 * 4096 + 4096
    }

    /// Lowers every group of a fused graph whose symbols are bound, and places its buffers.
    ///
    /// - Parameters:
    ///   - tuned: what measurements chose; the cost model decides the rest.
    ///   - streamsParameters: whether parameters that only the preparation reads are not kept, see `streamParameters`.
    public init(
        _ graph: Graph, target: Target, numerics: Numerics = .standard, tuned: TunedChoices = .none, streamsParameters: Bool = false
    ) {
        name = graph.name
        var planner = Planner(GraphFacts(graph), target, numerics, tuned, streamsParameters)
        planner.run()
        self = planner.plan
        if streamsParameters { streamParameters() }
    }
}
