import Foundation
import Graph
import Interchange

/// Reads files of tensors that may be anything: they are refused with a message, or have the tensors that they say.
struct FileChecks {
    /// - Returns: whether the file was read.
    func run(_ bytes: [UInt8]) throws(FuzzFinding) -> Bool {
        let data = Data(bytes)
        do {
            if bytes.starts(with: [0x93] + Array("NUMPY".utf8)) {
                try check(try NumPy.read(data: data, path: "fuzz"))
            } else {
                try check(try WeightsFile(data: data, path: "fuzz"), size: bytes.count)
            }
            return true
        } catch let error as InterchangeError {
            if error.message.isEmpty || error.repair.isEmpty || !error.path.hasPrefix("fuzz") {
                throw FuzzFinding(description: "an error that says nothing: \(error)")
            }
            return false
        } catch let error as FuzzFinding {
            throw error
        } catch {
            throw FuzzFinding(description: "an error of another kind: \(error)")
        }
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
