import Graph

extension Formula {
    /// The axis of the result along which the lanes of vectors lie: the result's innermost block, or the channels.
    func laneAxis(of layout: Layout) -> Int? {
        if let innermost = layout.blocks.last { return innermost.axis }
        return resultRank >= 2 ? Layout.channelAxis(rank: resultRank) : nil
    }

    /// The axis of the operand that `axis` runs along in `read`, if it does so alone and nowhere else in that read.
    func position(of axis: Int, in read: Read) -> Int? {
        let places = read.position.indices.filter { read.position[$0].scale(of: axis) != 0 }
        return places.count == 1 && read.position[places[0]].singleAxis == axis ? places[0] : nil
    }

    func uses(_ axis: Int, in read: Read) -> Bool { read.position.contains { $0.scale(of: axis) != 0 } }
}
