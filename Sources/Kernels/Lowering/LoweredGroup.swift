import Graph

/// A group as kernels: usually one; a second where partial results are combined.
public struct LoweredGroup: Sendable {
    /// A buffer of the group's own.
    public struct Memory: Hashable, Sendable {
        public var element: StoredElement
        public var count: Int

        public init(_ element: StoredElement = .f32, count: Int) {
            self.element = element
            self.count = count
        }
    }

    public var calls: [KernelCall]
    /// Buffers that carry partial results from one call to the next.
    public var workspaces: [Memory]
    /// Calls that read constants of the group only and fill the `prepared` buffers: run once, whenever parameters were set.
    public var preparation: [KernelCall]
    /// Buffers that keep what `preparation` computes.
    public var prepared: [Memory]

    public init(_ calls: [KernelCall], workspaces: [Memory] = [], preparation: [KernelCall] = [], prepared: [Memory] = []) {
        self.calls = calls
        self.workspaces = workspaces
        self.preparation = preparation
        self.prepared = prepared
    }

    /// Adds the calls of another behind these; its buffers come behind these, too.
    mutating func append(_ other: LoweredGroup) {
        calls += other.calls
        workspaces += other.workspaces
        preparation += other.preparation
        prepared += other.prepared
    }
}
