/// A rectangle of a picture, in pixels.
public struct PictureRectangle: Hashable, Sendable {
    public var top: Int
    public var left: Int
    public var height: Int
    public var width: Int

    public init(top: Int, left: Int, height: Int, width: Int) {
        (self.top, self.left, self.height, self.width) = (top, left, height, width)
    }

    public var rows: Range<Int> { top..<top + height }
    public var columns: Range<Int> { left..<left + width }
    public var area: Int { height * width }

    /// The part within a picture of `height` x `width` of a rectangle about the point (`row`, `column`), whose first row lies `high / 2` above it.
    static func about(row: Int, column: Int, high: Int, wide: Int, inHeight height: Int, width: Int) -> PictureRectangle {
        let (top, left) = (min(max(row - high / 2, 0), height), min(max(column - wide / 2, 0), width))
        let (bottom, right) = (min(max(row - high / 2 + high, 0), height), min(max(column - wide / 2 + wide, 0), width))
        return PictureRectangle(top: top, left: left, height: bottom - top, width: right - left)
    }
}
