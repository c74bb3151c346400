/// How the work of a Winograd convolution is cut.
struct WinogradSchedule: ContractionSchedule {
    /// Tiles that a task takes through all three stages: their transforms stay in the second-level cache.
    var tiles: Int
    /// Tiles and blocks of output channels that the matrix product keeps in registers.
    var registerTiles: Int
    var laneBlocks: Int
    /// Blocks of output channels whose products are kept before they are transformed; divides the blocks of a part.
    var chunk: Int
    /// Into how many parts the output channels are split over tasks.
    var parts: Int
    /// Whether each task transforms the weights that it needs, a row of positions at a time, instead of reading what was made once: for small
    /// maps of many channels, where the transformed weights are larger than everything else.
    var transformsWeights = false

    private enum CodingKeys: String, CodingKey {
        case tiles, chunk, parts
        case registerTiles = "register_tiles"
        case laneBlocks = "lane_blocks"
        case transformsWeights = "transforms_weights"
    }

    var text: String { "\(tiles) tiles, \(registerTiles) x \(laneBlocks) registers, chunks of \(chunk), \(parts) parts" }
    var kind: [Int] { [tiles.magnitudeClass, laneBlocks, chunk, parts] }
}
