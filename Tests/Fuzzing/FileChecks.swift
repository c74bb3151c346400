import Foundation
import Graph
import Interchange

/// Reads files that may be anything: they are refused with a message, or hold what they say; with no more memory than four times that.
struct FileChecks {
    let measuresMemory: Bool

    /// - Returns: whether the file was read.
    func run(_ kind: FuzzInput.Kind, _ bytes: [UInt8]) throws(FuzzFinding) -> Bool {
        let data = Data(bytes)
        let memory = measuresMemory ? PeakMemory() : nil
        // What is refused may have been refused late.
        var promised = bytes.count
        do {
            switch kind {
            case .png, .jpeg, .webp, .pnm:
                promised = PictureExtents.declaredBytes(bytes)
                try picture(data)
            case .idx:
                let tensor = try IDX.read(data: data, path: "fuzz")
                promised = tensor.bytes.count
                try check(tensor)
            case .npy:
                let tensor = try NumPy.read(data: data, path: "fuzz")
                promised = tensor.bytes.count
                try check(tensor)
            default:
                let file = try WeightsFile(data: data, path: "fuzz")
                promised += file.entries.reduce(0) { $0 + $1.byteCount }
                try check(file, size: bytes.count)
            }
            try memory?.require(atMost: promised, "reading")
            return true
        } catch let error as InterchangeError {
            if error.message.isEmpty || error.repair.isEmpty || !error.path.hasPrefix("fuzz") {
                throw FuzzFinding(description: "an error that says nothing: \(error)")
            }
            try memory?.require(atMost: promised, "refusing (\(error.finding))")
            return false
        } catch let error as FuzzFinding {
            throw error
        } catch {
            throw FuzzFinding(description: "an error of another kind: \(error)")
        }
    }

    private func picture(_ data: Data) throws {
        let image = try Image(data: data, path: "fuzz", isTurned: true)
        guard image.pixels.count == image.width * image.height * image.channels else {
            throw FuzzFinding(description: "\(image.pixels.count) values are not \(image.width) x \(image.height) x \(image.channels)")
        }
        let stored = try Image(data: data, path: "fuzz")
        let isLying = (stored.width, stored.height) == (image.height, image.width)
        guard isLying || (stored.width, stored.height) == (image.width, image.height) else {
            throw FuzzFinding(description: "\(stored.width) x \(stored.height), turned \(image.width) x \(image.height)")
        }
        // The same file gives the same pixels: none is left from memory.
        guard try Image(data: data, path: "fuzz") == stored else { throw FuzzFinding(description: "other pixels the second time") }
    }

    private func check(_ file: WeightsFile, size: Int) throws {
        var names: Set<String> = []
        for entry in file.entries {
            if !names.insert(entry.name).inserted { throw FuzzFinding(description: "two tensors called \(entry.name)") }
            // Deflated bytes stand for a thousand at most, and others for themselves, or for what a view repeats of a small file.
            if entry.byteCount > max(1040 * size, 1 << 20) {
                throw FuzzFinding(description: "\(entry.name) has \(entry.byteCount) bytes of a file of \(size)")
            }
            let tensor = try file.tensor(entry.name)
            guard tensor.element == entry.element, tensor.shape == entry.shape else {
                throw FuzzFinding(description: "\(entry.name) is \(tensor.element) \(tensor.shape), not \(entry.element) \(entry.shape)")
            }
            try check(tensor)
            var count = 0
            try file.readFloats(entry.name, granule: 3) { count += $0.count }
            if count != tensor.count { throw FuzzFinding(description: "\(entry.name) has \(tensor.count) values, and \(count) in pieces") }
        }
    }

    private func check(_ tensor: HostTensor) throws {
        guard tensor.element.byteCount(shape: tensor.shape) == tensor.bytes.count, tensor.floats.count == tensor.count else {
            throw FuzzFinding(description: "\(tensor.name) has other bytes than \(tensor.element) \(tensor.shape)")
        }
    }
}

/// What the header of a picture says, without reading more than that, and without believing it.
enum PictureExtents {
    /// The bytes of the largest picture that some header in the file may speak of; no more than pictures may have.
    static func declaredBytes(_ bytes: [UInt8]) -> Int {
        func big(_ place: Int, _ count: Int) -> Int {
            place + count <= bytes.count ? bytes[place..<place + count].reduce(0) { $0 << 8 | Int($1) } : 0
        }
        func little(_ place: Int, _ count: Int) -> Int {
            place + count <= bytes.count ? bytes[place..<place + count].reversed().reduce(0) { $0 << 8 | Int($1) } : 0
        }
        var largest = 0
        func add(_ width: Int, _ height: Int) {
            // What has more is refused before anything is taken.
            let (count, overflow) = width.multipliedReportingOverflow(by: height)
            if !overflow, count <= Image.largestPixelCount { largest = max(largest, 3 * count) }
        }
        if bytes.starts(with: [0x89]) {
            add(big(16, 4), big(20, 4))
        } else if bytes.starts(with: [0xff]) {
            for index in bytes.indices.dropLast() where bytes[index] == 0xff && 0xc0...0xcf ~= bytes[index + 1] {
                add(big(index + 7, 2), big(index + 5, 2))
            }
        } else if bytes.starts(with: Array("RIFF".utf8)) {
            for index in bytes.indices {
                if bytes[index...].starts(with: [0x9d, 0x01, 0x2a]) { add(little(index + 3, 2) & 0x3fff, little(index + 5, 2) & 0x3fff) }
                if bytes[index] == 0x2f {
                    let extents = little(index + 1, 4)
                    add(extents & 0x3fff + 1, extents >> 14 & 0x3fff + 1)
                }
            }
        }
        return max(largest, bytes.count)
    }
}
