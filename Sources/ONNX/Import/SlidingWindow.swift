import Graph

/// The attributes that convolutions and pools have in common: how a window slides over what follows the channels.
struct SlidingWindow {
    var kernel: [Int]
    var strides: [Int]
    var dilations: [Int]
    /// Those before each axis, then those behind.
    var pads: [Int]
    /// Whether the axes are padded as `"same"` does it, when the extents are known.
    var isSame = false

    var axes: Int { kernel.count }

    /// - Parameter extents: those that the window slides over; asked for where the padding follows from them.
    init(_ scope: NodeScope, kernel: [Int], extents: () throws(ImportFault) -> [Int]) throws(ImportFault) {
        self.kernel = kernel
        let ones = [Int](repeating: 1, count: kernel.count)
        strides = try scope.integers("strides") ?? ones
        dilations = try scope.integers("dilations") ?? ones
        pads = try scope.integers("pads") ?? [Int](repeating: 0, count: 2 * kernel.count)
        let bound = 1 << 20
        guard kernel.allSatisfy({ 1...bound ~= $0 }), strides.count == axes, dilations.count == axes, pads.count == 2 * axes,
            strides.allSatisfy({ 1...bound ~= $0 }), dilations.allSatisfy({ 1...bound ~= $0 }), pads.allSatisfy({ -bound...bound ~= $0 })
        else {
            throw .malformed("kernel \(kernel), strides \(strides), dilations \(dilations) and pads \(pads) do not go together")
        }
        switch scope.text("auto_pad", default: "NOTSET") {
        case "SAME_UPPER":
            isSame = true
            if try scope.boolean("ceil_mode", default: false) { pads = same(try extents(), isLower: false) }
        // What moves by one position is padded alike for any extents.
        case "SAME_LOWER": pads = same(strides == ones ? ones : try extents(), isLower: true)
        case "VALID": pads = [Int](repeating: 0, count: 2 * axes)
        case "NOTSET", "": break
        case let other: throw .malformed("'auto_pad' is '\(other)'")
        }
    }

    /// How far a window reaches along an axis.
    func reach(_ axis: Int) -> Int { (kernel[axis] - 1) * dilations[axis] + 1 }

    /// As much as makes the result ceil(extent / stride) long.
    private func same(_ extents: [Int], isLower: Bool) -> [Int] {
        let totals = extents.enumerated().map { axis, extent in
            max(0, ((extent + strides[axis] - 1) / strides[axis] - 1) * strides[axis] + reach(axis) - extent)
        }
        return isLower ? totals.map { $0 - $0 / 2 } + totals.map { $0 / 2 } : totals.map { $0 / 2 } + totals.map { $0 - $0 / 2 }
    }

    /// The window with its padding in numbers, for axes of these extents.
    func padded(for extents: [Int]) -> SlidingWindow {
        guard isSame else { return self }
        var window = self
        (window.pads, window.isSame) = (same(extents, isLower: false), false)
        return window
    }

    /// The pads as the language takes them, in as few numbers as say it.
    var padding: Attribute {
        if isSame { return .text("same") }
        let (before, behind) = (Array(pads[..<axes]), Array(pads[axes...]))
        if before == behind { return .integers(Set(before).count == 1 ? [before[0]] : axes == 1 ? pads : before) }
        return .integers(pads)
    }

    /// A window's extents as a parameter of kind `pair`.
    static func pair(_ values: [Int]) -> Attribute { .integers(values) }

    /// A step of `stride` as pools take it, which move by their kernel where nothing is said.
    var poolStride: Attribute { .integers(Set(strides).count == 1 ? [strides[0]] : strides) }

    /// Whether all windows lie within what is padded, so that none is kept that does not fit.
    func fits(_ extents: [Int]) -> Bool {
        extents.enumerated().allSatisfy { count($0, extent: $1, ceil: true) == count($0, extent: $1, ceil: false) }
    }

    /// The number of windows along an axis; `ceil` keeps a last one that does not fit, unless it starts behind what is padded in front.
    func count(_ axis: Int, extent: Int, ceil: Bool) -> Int {
        let room = extent + pads[axis] + pads[axes + axis] - reach(axis)
        let steps = ceil ? room + strides[axis] - 1 : room
        // No window is there where not even the first fits.
        guard steps >= 0 else { return 0 }
        var count = steps / strides[axis] + 1
        if ceil, (count - 1) * strides[axis] >= extent + pads[axis] { count -= 1 }
        return count
    }

    /// How many elements of a window lie within an axis, or within what it is padded to.
    func taps(_ axis: Int, of window: Int, extent: Int, includesPads: Bool) -> Int {
        let first = window * strides[axis] - pads[axis]
        let (start, end) = includesPads ? (-pads[axis], extent + pads[axes + axis]) : (0, extent)
        let before = max(0, start - first + dilations[axis] - 1) / dilations[axis]
        let within = max(0, end - first + dilations[axis] - 1) / dilations[axis]
        return max(0, min(kernel[axis], within) - before)
    }
}
