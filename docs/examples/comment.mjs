/**
 * Copies a capture and adds a comment to the packets that match; comments that are there stay.
 *
 *     $ node docs/examples/comment.mjs captures/http.pcapng commented.pcapng 'tcp[tcpflags] & tcp-syn != 0' 'opens'
 */
import { compile, PcapngEncoder } from 'weir-bpf';
import { FileSink, openCapture, PacketWriter } from 'weir-bpf/node';

const [, , from, to, expression, comment] = process.argv;
const filter = compile(expression);
const writer = new PacketWriter(new PcapngEncoder(), new FileSink(to, from));
for await (const packet of await openCapture(from)) {
  if (filter.matches(packet)) packet.addComment(comment);
  writer.write(packet);
}
writer.close();
for await (const { comments } of await openCapture(to))
  if (comments.length > 0) console.log(comments.join(', '));
