import Foundation
import Graph
import Interchange
import Runtime
import Training

/// How pictures become the values of a network's input.
public struct PictureNormalization: Sendable {
    public let values: PixelNormalization
    /// Whether nothing says how, so that values from 0 to 1 are taken as they are.
    public let isAssumed: Bool
}

extension Network {
    /// How pictures are made ready for an input: as it declares, or as where nothing is declared.
    public func preparation(of input: String) -> PicturePreparation {
        graph.nodes.first { $0.inputName == input }?.preparation ?? PicturePreparation()
    }

    /// How pictures are made ready for all inputs that take them, which are fed with the same ones; throws where these differ in that.
    public func preparation(of input: PictureInput) throws(TrainingError) -> PicturePreparation {
        let preparation = self.preparation(of: input.name)
        for name in input.further where self.preparation(of: name) != preparation {
            throw TrainingError(
                "the inputs '\(input.name)' and '\(name)' of '\(self.name)' are prepared differently, and take the same pictures",
                repair: "give both the same `prepare`")
        }
        return preparation
    }

    /// The values that an input's pictures become: as the weights remember it, else as the input declares, else as the recipe says, else from
    /// 0 to 1.
    ///
    /// Throws where the weights, the input or the recipe are for another number of channels.
    public func normalization(
        _ metadata: WeightsMetadata?, channels: Int, _ preparation: PicturePreparation
    ) throws(TrainingError) -> PictureNormalization {
        if let remembered = metadata?.normalization {
            guard remembered.mean.count == channels else {
                throw TrainingError(
                    "the weights are for pictures of \(remembered.mean.count) channels, but '\(name)' takes \(channels)",
                    repair: "name the network that they were made for, with the same -D")
            }
            return PictureNormalization(values: remembered, isAssumed: false)
        }
        if let given = preparation.normalization ?? training?.recipe.normalization {
            return PictureNormalization(values: try given.values(channels: channels, order: preparation.order), isAssumed: false)
        }
        let plain = PixelNormalization(
            mean: [Float](repeating: 0, count: channels), deviation: [Float](repeating: 1, count: channels), order: preparation.order)
        return PictureNormalization(values: plain, isAssumed: true)
    }
}

/// Values for one input of a network, from files.
public struct NetworkInput: Sendable {
    public let name: String
    /// Row-major, as many as `extents` say.
    public let values: HostTensor
    /// The images of the run, where the input's first extent is the batch.
    public let batch: Int?
    /// Whether pictures were read, and not an array.
    public let isPictures: Bool

    /// Takes values that are those of the network's input already.
    init(_ name: String, values: HostTensor, batch: Int?) {
        (self.name, self.values, self.batch) = (name, values, batch)
        isPictures = false
    }

    /// Reads the files for an input: an array (`.npy`) as it is, or pictures, prepared for the input and normalized.
    ///
    /// An array may lack the batch's axis. Throws where a file is damaged or does not fit.
    public init(
        _ name: String, _ type: TensorType, symbol: String?, paths: [String], preparation: PicturePreparation = PicturePreparation(),
        normalization: PixelNormalization?
    ) throws(InterchangeError) {
        self.name = name
        let isBatched = symbol != nil && type.shape.dimensions.first?.symbol == symbol
        let image = isBatched ? Array(type.shape.dimensions.dropFirst()) : type.shape.dimensions
        let extents = image.compactMap(\.value)
        guard let path = paths.first, extents.count == image.count else {
            throw InterchangeError(paths.first ?? name, "the input '\(name)' is \(type), which no file fits", repair: "fix its extents")
        }
        if paths.count == 1, path.lowercased().hasSuffix(".npy") {
            let array = try NumPy.read(path)
            let shape = isBatched && array.shape.count == extents.count ? [1] + array.shape : array.shape
            guard isBatched ? shape.first != 0 && Array(shape.dropFirst()) == extents : shape == extents else {
                throw InterchangeError(
                    path, "the array is \(array.shape), but the input '\(name)' is \(type)", repair: "save it in that shape")
            }
            values = try Self.converted(array, to: type.element, shape: shape, path: path)
            batch = isBatched ? shape[0] : nil
            isPictures = false
            return
        }
        guard isBatched, extents.count == 3, extents[0] == 1 || extents[0] == 3, type.element == .f32 else {
            throw InterchangeError(
                path, "the input '\(name)' is \(type), not pictures f32[N, 1 or 3, H, W]", repair: "give an array, NAME=x.npy")
        }
        var planes: [Float] = []
        for path in paths {
            let picture = try Image(path: path, preparation, channels: extents[0], height: extents[1], width: extents[2])
            planes += Self.normalized(picture.planes(), normalization)
        }
        values = HostTensor(name: name, shape: [paths.count] + extents, floats: planes)
        batch = paths.count
        isPictures = true
    }

    private static func normalized(_ planes: [Float], _ normalization: PixelNormalization?) -> [Float] {
        guard let normalization else { return planes }
        let channels = normalization.mean.count
        let area = planes.count / channels
        return planes.indices.map { index in
            let (channel, place) = index.quotientAndRemainder(dividingBy: area)
            let value = planes[normalization.order.channel(channel, of: channels) * area + place]
            return (value - normalization.mean[channel]) / normalization.deviation[channel]
        }
    }

    private static func converted(
        _ array: HostTensor, to element: ElementType, shape: [Int], path: String
    ) throws(InterchangeError) -> HostTensor {
        if array.element == .u64, array.integers == nil {
            throw InterchangeError(
                path, "the array holds integers beyond 2^63", repair: "save it with dtype float32 where the nearest numbers do")
        }
        switch element {
        case .f32:
            if let integers = array.integers { try requireExact(integers, path: path) }
            return HostTensor(shape: shape, floats: array.floats)
        case .i32:
            guard let integers = array.integers else {
                throw InterchangeError(path, "the array holds no integers", repair: "save it with dtype int32")
            }
            if let large = integers.first(where: { Int32(exactly: $0) == nil }) {
                throw InterchangeError(
                    path, "the array holds the integer \(large), and classes and positions have 32 bits",
                    repair: "check what the array counts: no table has as many rows")
            }
            return HostTensor(shape: shape, int32s: integers.map { Int32($0) })
        }
    }

    /// Requires that f32 has such numbers.
    static func requireExact(_ integers: [Int64], path: String) throws(InterchangeError) {
        guard let integer = integers.first(where: { Int64(exactly: Float($0)) != $0 }) else { return }
        throw InterchangeError(
            path, "the array holds the integer \(integer), and f32, in which the network computes, has no such number",
            repair: "save it with dtype float32 where the nearest one does")
    }

    /// Gives the values to an executable that was made for their batch.
    public func set(on executable: Executable) {
        do {
            switch values.element {
            case .i32: try executable.setInput(name, to: (values.integers ?? []).map { Int32($0) })
            default: try executable.setInput(name, to: values.floats)
            }
        } catch {
            preconditionFailure("the executable was made for another input: \(error)")
        }
    }
}
