internal import CLLVM
import Graph
import LoopNest

/// Instructions of tiles (Intel AMX) with the numbers of registers in them: what says so are LLVM's raw intrinsics, which it leaves in their
/// order and in which it does not allot registers itself. A tile is no value of LLVM's.
extension KernelEmitter {
    /// Writes an operation that leaves its result in the tile `to`.
    func emit(_ operation: Operation, toTile to: UInt8) {
        switch operation {
        case .zeroTile: build.intrinsic("llvm.x86.tilezero", [], [build.byte(to)])
        case .loadTile(_, let buffer, let index, let stride):
            build.intrinsic("llvm.x86.tileloadd64", [], [build.byte(to), pointer(to: buffer, index), rowBytes(buffer, stride)])
        case .tileProduct(let a, let b, sum: _):
            build.intrinsic("llvm.x86.tdpbf16ps", [], [build.byte(to), build.byte(number(a)), build.byte(number(b))])
        default: preconditionFailure("'\(operation.parts.instruction.name)' gives no tile")
        }
    }

    func storeTile(_ buffer: BufferID, _ index: Index, _ stride: Int, _ tile: Register) {
        let operands = [build.byte(number(tile)), pointer(to: buffer, index), rowBytes(buffer, stride)]
        build.intrinsic("llvm.x86.tilestored64", [], operands)
    }

    private func number(_ tile: Register) -> UInt8 {
        guard let number = tiles[tile] else { preconditionFailure("%\(tile.index) is no tile") }
        return UInt8(number)
    }

    private func rowBytes(_ buffer: BufferID, _ stride: Int) -> LLVMValue { build.int64(stride * kernel[buffer].element.size) }

    /// Takes the unit into use, all tiles with all their rows: slow, so once for all tasks.
    func configureTiles(_ symbol: String) {
        let configuration = build.constant(Self.tileConfiguration, "\(symbol).tiles", alignment: 64)
        build.intrinsic("llvm.x86.ldtilecfg", [], [configuration])
    }

    /// Gives it back: the system saves no tiles then.
    func releaseTiles() { build.intrinsic("llvm.x86.tilerelease", [], []) }

    /// What `ldtilecfg` reads: the palette and the row to begin with, at 16 the bytes of a row for each tile, at 48 its rows.
    static let tileConfiguration: [UInt8] = {
        var bytes = [UInt8](repeating: 0, count: 64)
        bytes[0] = 1
        for tile in 0..<TileElement.registers {
            bytes[16 + 2 * tile] = UInt8(TileElement.rowBytes)
            bytes[48 + tile] = UInt8(TileElement.rows)
        }
        return bytes
    }()
}

extension Target {
    /// - Throws: `MachineError.missingUnit` for the first of the kernels that has tiles, if this machine has none for it.
    func requireUnits(of kernels: some Sequence<Kernel>) throws(MachineError) {
        if hasTiles(of: .bfloat16) { return }
        for kernel in kernels where kernel.usesTiles { throw .missingUnit("tiles of bf16", kernel: kernel.name, target: name) }
    }
}
