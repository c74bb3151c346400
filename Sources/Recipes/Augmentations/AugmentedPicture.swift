/// A picture on its way through a list of augmentations.
///
/// What moves its pixels is gathered in `geometry`, and carried out in one interpolation: at the end, or before the first change of their
/// values, which go from 0 to 1 from then on. Where only pixels move, the values are interpolated as the network reads them.
public struct AugmentedPicture: ~Copyable {
    public let channels: Int
    public let height: Int
    public let width: Int
    /// The value in 0...1, one a channel, that the network reads as 0, and how much more of it reads as 1.
    let mean: [Float]
    let deviation: [Float]
    /// What the network reads for the 256 values of bytes, channel after channel.
    private let table: [Float]
    private let units: [Float]

    private var pixels: UnsafePointer<UInt8>?
    private var geometry: PictureGeometry
    /// What was carried out of what moves pixels, in order.
    private var carriedOut: [PictureGeometry] = []
    /// Whether `values` hold the picture, from 0 to 1; else `pixels` do.
    private var isSettled = false
    /// Room for two pictures, once it is needed, and which of them is the current one.
    private var room: UnsafeMutablePointer<Float>?
    private var current = 0

    /// Makes room for pictures of one size that the network reads as `(x - mean) / deviation`; `table` has these values for all bytes.
    public init(channels: Int, height: Int, width: Int, mean: [Float], deviation: [Float], table: [Float]) {
        precondition(mean.count == channels && deviation.count == channels && table.count == 256 * channels, "not of \(channels) channels")
        (self.channels, self.height, self.width) = (channels, height, width)
        (self.mean, self.deviation, self.table) = (mean, deviation, table)
        units = (0..<table.count).map { Float($0 % 256) / 255 }
        geometry = PictureGeometry(height: height, width: width)
    }

    deinit { room?.deallocate() }

    var area: Int { height * width }
    private var count: Int { channels * height * width }

    /// Begins with another picture, channel after channel and row after row, which must stay where it is until the end.
    mutating func begin(_ pixels: UnsafePointer<UInt8>) {
        self.pixels = pixels
        isSettled = false
        carriedOut = []
        geometry = PictureGeometry(height: height, width: width)
    }

    /// Changes where pixels come from.
    mutating func move(_ change: (inout PictureGeometry) -> Void) { change(&geometry) }

    /// The values of a channel, from 0 to 1, to be changed in place.
    mutating func plane(_ channel: Int) -> UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(start: settled() + channel * area, count: area)
    }

    /// The values of all channels, one after the other, to be changed in place.
    mutating func planes() -> UnsafeMutableBufferPointer<Float> { UnsafeMutableBufferPointer(start: settled(), count: count) }

    /// A copy of the values of all channels, for changes that read what they overwrite.
    mutating func duplicate() -> UnsafeMutablePointer<Float> {
        let values = settled()
        let other = side(1 - current)
        other.update(from: values, count: count)
        return other
    }

    /// Writes what became of the picture as the network reads it.
    mutating func finish(into target: UnsafeMutablePointer<Float>) {
        guard isSettled else { return resample(units: false, into: target) }
        if geometry.isIdentity {
            target.update(from: side(current), count: count)
        } else {
            resample(units: true, into: target)
        }
        for channel in 0..<channels {
            let (mean, deviation, plane) = (mean[channel], deviation[channel], target + channel * area)
            for index in 0..<area { plane[index] = (plane[index] - mean) / deviation }
        }
    }

    /// Moves the labels of the picture's pixels, row after row, as the pixels were moved; those from outside are `outside`.
    public func moveLabels(_ labels: UnsafeBufferPointer<UInt8>, outside: Int32, into target: UnsafeMutablePointer<Int32>) {
        for index in 0..<area { target[index] = Int32(labels[index]) }
        for step in carriedOut + [geometry] where !step.isIdentity {
            step.move(Array(UnsafeBufferPointer(start: target, count: area)), outside: outside, into: target)
        }
    }

    /// Carries out what moves pixels, and returns the values.
    private mutating func settled() -> UnsafeMutablePointer<Float> {
        if !isSettled || !geometry.isIdentity {
            let target = side(1 - current)
            resample(units: true, into: target)
            if !geometry.isIdentity { carriedOut.append(geometry) }
            current = 1 - current
            isSettled = true
            geometry = PictureGeometry(height: height, width: width)
        }
        return side(current)
    }

    private mutating func side(_ side: Int) -> UnsafeMutablePointer<Float> {
        if let room { return room + side * count }
        let taken = UnsafeMutablePointer<Float>.allocate(capacity: max(1, 2 * count))
        taken.initialize(repeating: 0, count: 2 * count)
        room = taken
        return taken + side * count
    }

    private mutating func resample(units isUnit: Bool, into target: UnsafeMutablePointer<Float>) {
        if isSettled {
            let values = UnsafePointer(side(current))
            return geometry.resample(.values(values), channels: channels, into: target, room: nil)
        }
        guard let pixels else { preconditionFailure("no picture was begun") }
        // A map needs the whole picture as values; moves and crops do not.
        let room = geometry.map == nil ? nil : side(current)
        (isUnit ? units : table).withUnsafeBufferPointer { table in
            guard let table = table.baseAddress else { return }
            geometry.resample(.bytes(pixels, table: table), channels: channels, into: target, room: room)
        }
    }
}
