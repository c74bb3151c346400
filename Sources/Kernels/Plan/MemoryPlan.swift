/// Places buffers with known lifetimes in one arena so that those that live at the same time never overlap.
public struct MemoryPlan: Sendable {
    /// A buffer that is alive from step `first` to step `last`, both included.
    public struct Request: Hashable, Sendable {
        public var bytes: Int
        public var first: Int
        public var last: Int

        public init(bytes: Int, first: Int, last: Int) {
            self.bytes = bytes
            self.first = first
            self.last = last
        }
    }

    /// The offset of every request, a multiple of `alignment`.
    public var offsets: [Int]
    /// The size of the arena.
    public var bytes: Int
    /// The largest sum of sizes that are alive at one step: no plan can be smaller.
    public var lowerBound: Int

    public static let alignment = 64

    /// Places the largest first, each into the smallest gap that holds it between those already placed that are alive with it.
    public init(_ requests: [Request]) {
        func rounded(_ bytes: Int) -> Int { (bytes + Self.alignment - 1) / Self.alignment * Self.alignment }
        offsets = [Int](repeating: 0, count: requests.count)
        bytes = 0
        lowerBound = 0
        let order = requests.indices.sorted { (-requests[$0].bytes, $0) < (-requests[$1].bytes, $1) }
        var placed: [Int] = []
        for index in order {
            let request = requests[index]
            let size = rounded(request.bytes)
            let placedOffsets = offsets
            let neighbours = placed.filter { requests[$0].first <= request.last && request.first <= requests[$0].last }
                .map { (offset: placedOffsets[$0], end: placedOffsets[$0] + rounded(requests[$0].bytes)) }.sorted { $0.offset < $1.offset }
            var best: (offset: Int, gap: Int)?
            var end = 0
            for neighbour in neighbours {
                let gap = neighbour.offset - end
                if gap >= size && gap < best?.gap ?? .max { best = (end, gap) }
                end = max(end, neighbour.end)
            }
            offsets[index] = best?.offset ?? end
            bytes = max(bytes, offsets[index] + size)
            placed.append(index)
        }
        var changes: [Int: Int] = [:]
        for request in requests {
            changes[request.first, default: 0] += rounded(request.bytes)
            changes[request.last + 1, default: 0] -= rounded(request.bytes)
        }
        var live = 0
        for step in changes.keys.sorted() {
            live += changes[step]!
            lowerBound = max(lowerBound, live)
        }
    }
}
