import Foundation
import Graph
import Interchange

/// Labelled picture files, which are decoded and prepared together.
struct DatasetPictures {
    /// What the data set is called.
    let name: String
    /// The folder or list that names the files.
    let path: String
    let classNames: [String]
    /// The pictures' paths and classes, in the order of the data set.
    var files: [(path: String, label: Int32)]
    /// What is known of the pictures besides, in the order of `files`.
    var truth: DatasetTruth?
    /// What is listed and cannot be used, whatever the files hold.
    var broken: [InterchangeError] = []

    /// Whether a file's name is that of a picture, of whatever format: one that cannot be read is told of, not passed over.
    static func isPicture(_ name: String) -> Bool { endings.contains((name as NSString).pathExtension.lowercased()) }

    private static let endings = Set(ImageFormat.allCases.flatMap(\.endings)).union(foreignEndings)

    /// Those of formats that are not read.
    private static let foreignEndings = ["bmp", "gif", "tif", "tiff", "heic", "avif", "jp2"]

    /// The pictures of one part of a split, or all of them.
    func part(_ part: Dataset.Part, of split: DatasetSplit?) throws(InterchangeError) -> DatasetPictures {
        guard let split else { return self }
        var result = self
        let places = try split.places(part, labels: files.map(\.label), path: path)
        result.files = places.map { files[$0] }
        result.truth = truth?.selecting(places)
        // What has no class is of no part, and told of once.
        if part == .heldOut { result.broken = [] }
        return result
    }

    /// Decodes all pictures, on all cores, prepared for `extents` or for those of the first one.
    ///
    /// Throws where pictures cannot be read, naming all of them, unless they are to be left out; and where none can.
    func read(
        extents wanted: ImageExtents?, _ preparation: PicturePreparation, _ options: DatasetOptions
    ) throws(InterchangeError) -> Dataset {
        if !options.skipsBroken, files.isEmpty, !broken.isEmpty { throw failure(broken) }
        let extents: ImageExtents
        if let wanted { extents = wanted } else { extents = try firstExtents(preparation, options) }
        guard extents.channels == 1 || extents.channels == 3 else {
            throw InterchangeError(path, "photos have 1 or 3 channels, but the network takes \(extents)", repair: "declare f32[N, 3, …]")
        }
        let (area, isWide) = extents.height.multipliedReportingOverflow(by: extents.width)
        let (size, overflow) = area.multipliedReportingOverflow(by: extents.channels * max(1, files.count))
        try MachineMemory.require(
            overflow || isWide ? .max : size, for: "\(files.count) pictures of \(extents)", path: path,
            repair: "take a smaller input or fewer pictures")
        var (pixels, failures) = decoded(extents, preparation)
        let skipped = broken + failures.compactMap(\.self)
        if skipped.isEmpty {
            return Dataset(
                name: name, isSynthetic: false, classNames: classNames, extents: extents, pixels: pixels, labels: files.map(\.label),
                truth: truth)
        }
        let kept = files.indices.filter { failures[$0] == nil }
        if !options.skipsBroken || kept.isEmpty { throw failure(skipped) }
        pixels.keep(kept, of: extents.count)
        var dataset = Dataset(
            name: name, isSynthetic: false, classNames: classNames, extents: extents, pixels: pixels, labels: kept.map { files[$0].label },
            truth: truth?.selecting(kept))
        dataset.skipped = skipped
        return dataset
    }

    private func decoded(_ extents: ImageExtents, _ preparation: PicturePreparation) -> ([UInt8], [InterchangeError?]) {
        var failures = [InterchangeError?](repeating: nil, count: files.count)
        let size = files.count * extents.count
        let pixels = [UInt8](unsafeUninitializedCapacity: size) { buffer, initialized in
            failures.withUnsafeMutableBufferPointer { failures in
                nonisolated(unsafe) let buffer = buffer
                nonisolated(unsafe) let failures = failures
                DispatchQueue.concurrentPerform(iterations: files.count) { index in
                    let target = UnsafeMutableBufferPointer(rebasing: buffer[index * extents.count..<(index + 1) * extents.count])
                    do throws(InterchangeError) {
                        let image = try Image(
                            path: files[index].path, preparation, channels: extents.channels, height: extents.height, width: extents.width)
                        image.store(into: target)
                    } catch {
                        failures[index] = error
                        target.initialize(repeating: 0)
                    }
                }
            }
            initialized = size
        }
        return (pixels, failures)
    }

    /// The extents of the first picture, or of the first that can be read where others are left out.
    private func firstExtents(_ preparation: PicturePreparation, _ options: DatasetOptions) throws(InterchangeError) -> ImageExtents {
        var failures = broken
        for file in files {
            do throws(InterchangeError) {
                let first = try Image(path: file.path, isTurned: preparation.appliesOrientation)
                return ImageExtents(channels: first.channels, height: first.height, width: first.width)
            } catch { failures.append(error) }
        }
        throw failure(failures)
    }

    /// The error of all pictures that cannot be read.
    private func failure(_ failures: [InterchangeError]) -> InterchangeError {
        let isAll = failures.count >= files.count + broken.count
        if failures.count == 1 {
            let only = failures[0]
            return InterchangeError(
                only.path, only.place, only.message, repair: isAll ? only.repair : "\(only.repair), or leave it out with --skip-broken")
        }
        let count = files.count + broken.count
        return InterchangeError(
            path, isAll ? "none of the \(count) pictures can be read" : "\(failures.count) of \(count) pictures cannot be read",
            repair: isAll ? "repair or replace them" : "repair them, or leave them out with --skip-broken",
            notes: failures.map(\.finding))
    }
}

extension [UInt8] {
    /// Keeps the pieces of `size` values at these places, which ascend, without another copy of them.
    mutating func keep(_ places: [Int], of size: Int) {
        withUnsafeMutableBufferPointer { values in
            for (target, source) in places.enumerated() where target != source {
                for index in 0..<size { values[target * size + index] = values[source * size + index] }
            }
        }
        removeLast(count - places.count * size)
    }
}
