import Graph
import LoopNest

/// What a buffer parameter of a lowered kernel stands for.
public enum KernelArgument: Hashable, Sendable {
    case value(Value)
    /// A buffer that lives only while the group runs, by its index in `LoweredGroup.workspaces`.
    case workspace(Int)
    /// A buffer that the group's preparation fills once, by its index in `LoweredGroup.prepared`.
    case prepared(Int)
}

/// A kernel with what its buffer parameters stand for, in order.
public struct KernelCall: Sendable {
    public var kernel: Kernel
    public var arguments: [KernelArgument]
    /// The multiply-accumulates of the group's contraction that the call does, where several calls share them; nil in all calls of a
    /// group lets the first have them all.
    public var multiplyAccumulates: Int?
    /// The algorithm of the group's contraction, on the calls that do its multiply-accumulates.
    public var choice: AlgorithmChoice?

    public init(_ kernel: Kernel, _ arguments: [KernelArgument]) {
        self.kernel = kernel
        self.arguments = arguments
    }
}
