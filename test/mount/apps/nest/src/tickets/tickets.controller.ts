import {
  BadRequestException,
  Body,
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  NotFoundException,
  Param,
  ParseIntPipe,
  Patch,
  Post,
  Query,
  Sse,
  StreamableFile,
  UploadedFile,
  UseGuards,
  UseInterceptors,
} from "@nestjs/common";
import { FileInterceptor } from "@nestjs/platform-express";
import { createReadStream, mkdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { interval, map, take } from "rxjs";
import { AuthGuard, CurrentUser, Roles, Who } from "../auth/auth.guard";
import { ChangeTicketDto, ListDto, NewCommentDto, NewTicketDto } from "./tickets.dto";
import { TicketsService } from "./tickets.service";

const folder = process.env.HELPDESK_FILES ?? "attachments";

@Controller("tickets")
@UseGuards(AuthGuard)
export class TicketsController {
  constructor(private readonly tickets: TicketsService) {}

  @Get()
  async list(@Query() query: ListDto, @CurrentUser() who: Who) {
    return (await this.tickets.list(query, who)).map(({ owner, ...ticket }) => ({ ...ticket, owner: owner.email }));
  }

  @Post()
  async make(@Body() { subject }: NewTicketDto, @CurrentUser() who: Who) {
    const { id, state } = await this.tickets.make(subject, who);
    return { id, subject, state };
  }

  @Get("export.csv")
  @Roles("agent")
  @Header("content-type", "text/csv")
  export() {
    const tickets = this.tickets;
    async function* lines() {
      yield "id,subject,state\n";
      for await (const { id, subject, state } of tickets.all()) yield `${id},${JSON.stringify(subject)},${state}\n`;
    }
    return new StreamableFile(Readable.from(lines()));
  }

  @Sse("clock")
  clock() {
    return interval(10).pipe(
      take(3),
      map((n) => ({ data: { n } })),
    );
  }

  @Get(":id")
  async one(@Param("id", ParseIntPipe) id: number, @CurrentUser() who: Who) {
    const { owner, ...ticket } = await this.tickets.of(id, who);
    return { ...ticket, owner: owner.email };
  }

  @Patch(":id")
  @Roles("agent")
  async change(@Param("id", ParseIntPipe) id: number, @Body() change: ChangeTicketDto, @CurrentUser() who: Who) {
    const { state } = await this.tickets.change(await this.tickets.of(id, who), change);
    return { id, state };
  }

  @Delete(":id")
  @HttpCode(204)
  async remove(@Param("id", ParseIntPipe) id: number, @CurrentUser() who: Who) {
    await this.tickets.remove(await this.tickets.of(id, who));
  }

  @Get(":id/comments")
  async comments(@Param("id", ParseIntPipe) id: number, @CurrentUser() who: Who) {
    return this.tickets.commentsOf(await this.tickets.of(id, who));
  }

  @Post(":id/comments")
  async comment(@Param("id", ParseIntPipe) id: number, @Body() { text }: NewCommentDto, @CurrentUser() who: Who) {
    return this.tickets.comment(await this.tickets.of(id, who), text);
  }

  @Post(":id/attachment")
  @UseInterceptors(FileInterceptor("file", { limits: { fileSize: 500_000 } }))
  async attach(
    @Param("id", ParseIntPipe) id: number,
    @UploadedFile() file: Express.Multer.File | undefined,
    @CurrentUser() who: Who,
  ) {
    if (!file) throw new BadRequestException("send the file as the field file");
    const ticket = await this.tickets.of(id, who);
    mkdirSync(folder, { recursive: true });
    await writeFile(join(folder, `ticket-${id}`), file.buffer);
    await this.tickets.change(ticket, { attachment: file.originalname });
    return { bytes: file.size };
  }

  @Get(":id/attachment")
  async download(@Param("id", ParseIntPipe) id: number, @CurrentUser() who: Who) {
    const { attachment } = await this.tickets.of(id, who);
    if (attachment === null) throw new NotFoundException("nothing is attached");
    return new StreamableFile(createReadStream(join(folder, `ticket-${id}`)), {
      disposition: `attachment; filename="${attachment}"`,
    });
  }
}
