import Foundation
import Graph
import Interchange

/// The channels, rows and columns of a picture, in this order.
public struct ImageExtents: Equatable, Sendable, CustomStringConvertible {
    public var channels: Int
    public var height: Int
    public var width: Int

    public init(channels: Int, height: Int, width: Int) {
        self.channels = channels
        self.height = height
        self.width = width
    }

    /// The number of values of one picture.
    public var count: Int { channels * height * width }

    public var description: String { "\(channels) x \(height) x \(width)" }
}

/// Labelled pictures of one size, in memory.
public struct Dataset: Sendable {
    /// The pictures to learn from and those to judge by; no picture is in both.
    public enum Part: Sendable {
        case training
        case heldOut

        /// What its pictures are called.
        var adjective: String { self == .training ? "training" : "held-out" }
    }

    /// What the data are, as people should read it: a synthetic data set says so.
    public let name: String
    /// Whether the pictures are drawn by code.
    public let isSynthetic: Bool
    /// The names of the classes; a label is an index into them.
    public let classNames: [String]
    public let extents: ImageExtents
    /// 8-bit values, picture after picture, each channel after channel and row after row (NCHW).
    public let pixels: [UInt8]
    /// The class of each picture, from 0 up to but without `classNames.count`.
    public let labels: [Int32]
    /// What is known of the pictures besides their classes; nil for nothing.
    public let truth: DatasetTruth?
    /// Whether the labels are classes where something else is known of the pictures, too; otherwise they only stand for some then.
    let labelsAreClasses: Bool
    /// What was left out because it cannot be read, in the order of the data.
    public internal(set) var skipped: [InterchangeError] = []

    /// Wraps pictures; the number of values must be `labels.count * extents.count`, every label must be a class, and the truth of as many
    /// pictures.
    public init(
        name: String, isSynthetic: Bool, classNames: [String], extents: ImageExtents, pixels: [UInt8], labels: [Int32],
        truth: DatasetTruth? = nil, labelsAreClasses: Bool = false
    ) {
        precondition(pixels.count == labels.count * extents.count, "\(pixels.count) values are not \(labels.count) x \(extents)")
        precondition(truth.map { $0.count == labels.count } ?? true, "the truth is not of \(labels.count) pictures")
        precondition(labels.allSatisfy { classNames.indices.contains(Int($0)) }, "a label is none of the \(classNames.count) classes")
        self.name = name
        self.isSynthetic = isSynthetic
        // Names are shown on terminals, which control characters would steer.
        self.classNames = classNames.map(\.withoutControlCharacters)
        self.extents = extents
        self.pixels = pixels
        self.labels = labels
        self.truth = truth
        self.labelsAreClasses = labelsAreClasses
    }

    /// The number of pictures.
    public var count: Int { labels.count }

    /// The number of pictures with those that were left out.
    public var allCount: Int { count + skipped.count }

    /// The first `count` pictures, or all where there are fewer.
    public func prefix(_ count: Int) -> Dataset {
        let kept = min(count, self.count)
        return Dataset(
            name: name, isSynthetic: isSynthetic, classNames: classNames, extents: extents,
            pixels: Array(pixels[..<(kept * extents.count)]), labels: Array(labels[..<kept]), truth: truth?.selecting(Array(0..<kept)),
            labelsAreClasses: labelsAreClasses)
    }

    /// The pictures at these places.
    func selecting(_ places: [Int]) -> Dataset {
        var pixels: [UInt8] = []
        pixels.reserveCapacity(places.count * extents.count)
        for place in places { pixels += self.pixels[place * extents.count..<(place + 1) * extents.count] }
        return Dataset(
            name: name, isSynthetic: isSynthetic, classNames: classNames, extents: extents, pixels: pixels,
            labels: places.map { labels[$0] }, truth: truth?.selecting(places), labelsAreClasses: labelsAreClasses)
    }

    /// The data with the classes that weights remember, `names`: classes are the remembered ones of their names, if all are known; where the
    /// data only number their classes, and none of these numbers is a name, the numbers mean places.
    func named(as names: [String]) -> Dataset {
        let areNumbers = classNames.enumerated().allSatisfy { $1 == String($0) }
        let known = Dictionary(names.enumerated().map { ($1, Int32(truncatingIfNeeded: $0)) }) { first, _ in first }
        // What numbers its classes has names for those that none of its pictures is of.
        let used = areNumbers ? Set(labels) : Set(classNames.indices.map { Int32(truncatingIfNeeded: $0) })
        var places = classNames.map { known[$0] }
        if areNumbers, used.allSatisfy({ places[Int($0)] == nil }) {
            places = classNames.indices.map { Int32(truncatingIfNeeded: $0) }
        }
        guard truth == nil || names.count >= classNames.count,
            used.allSatisfy({ label in places[Int(label)].map { names.indices.contains(Int($0)) } ?? false })
        else { return self }
        return Dataset(
            name: name, isSynthetic: isSynthetic, classNames: names, extents: extents, pixels: pixels,
            labels: labels.map { places[Int($0)] ?? 0 }, truth: truth, labelsAreClasses: labelsAreClasses)
    }

    /// Returns picture `index` for looking at.
    public func image(_ index: Int) -> Image {
        let start = index * extents.count, area = extents.height * extents.width
        let interleaved = (0..<extents.count).map { pixels[start + $0 % extents.channels * area + $0 / extents.channels] }
        return Image(width: extents.width, height: extents.height, channels: extents.channels, pixels: interleaved)
    }

    /// The pictures as an input of `height` x `width` takes them, resized and cropped on all cores.
    public func prepared(_ preparation: PicturePreparation, height: Int, width: Int) -> Dataset {
        let target = ImageExtents(channels: extents.channels, height: height, width: width)
        let size = target.count
        let pixels = [UInt8](unsafeUninitializedCapacity: count * size) { buffer, initialized in
            nonisolated(unsafe) let buffer = buffer
            DispatchQueue.concurrentPerform(iterations: count) { index in
                image(index).prepared(preparation, channels: extents.channels, height: height, width: width)
                    .store(into: UnsafeMutableBufferPointer(rebasing: buffer[index * size..<(index + 1) * size]))
            }
            initialized = count * size
        }
        return Dataset(
            name: name, isSynthetic: isSynthetic, classNames: classNames, extents: target, pixels: pixels, labels: labels, truth: truth,
            labelsAreClasses: labelsAreClasses)
    }
}

extension Image {
    /// Stores the values channel after channel; there must be room for them.
    func store(into target: UnsafeMutableBufferPointer<UInt8>) {
        let area = height * width
        for index in 0..<area * channels {
            target.initializeElement(at: index, to: pixels[index % area * channels + index / area])
        }
    }
}
