/// A group as kernels: usually one; a second where partial results are combined.
public struct LoweredGroup: Sendable {
    public var calls: [KernelCall]
    /// The element counts of buffers that carry partial results from one call to the next.
    public var workspaces: [Int]
    /// Calls that read constants of the group only and fill the `prepared` buffers: run once, whenever parameters were set.
    public var preparation: [KernelCall]
    /// The element counts of buffers that keep what `preparation` computes.
    public var prepared: [Int]

    public init(_ calls: [KernelCall], workspaces: [Int] = [], preparation: [KernelCall] = [], prepared: [Int] = []) {
        self.calls = calls
        self.workspaces = workspaces
        self.preparation = preparation
        self.prepared = prepared
    }
}
