import { ForbiddenException, Injectable, NotFoundException } from "@nestjs/common";
import { InjectRepository } from "@nestjs/typeorm";
import { Like, Repository } from "typeorm";
import { Who } from "../auth/auth.guard";
import { Comment, Ticket } from "./ticket.entity";
import { ListDto } from "./tickets.dto";

@Injectable()
export class TicketsService {
  constructor(
    @InjectRepository(Ticket) private readonly tickets: Repository<Ticket>,
    @InjectRepository(Comment) private readonly comments: Repository<Comment>,
  ) {}

  list({ state, limit, search }: ListDto, who: Who): Promise<Ticket[]> {
    const mine = who.role === "agent" ? {} : { owner: { id: Number(who.sub) } };
    const found = { ...mine, ...(state && { state }), ...(search && { subject: Like(`%${search}%`) }) };
    return this.tickets.find({ where: found, take: limit, order: { id: "DESC" } });
  }

  /** Somebody else's ticket is there, and none of one's business. */
  async of(id: number, who: Who): Promise<Ticket> {
    const ticket = await this.tickets.findOneBy({ id });
    if (!ticket) throw new NotFoundException(`no ticket ${id}`);
    if (who.role !== "agent" && ticket.owner.id !== Number(who.sub)) throw new ForbiddenException("it is not yours");
    return ticket;
  }

  make(subject: string, who: Who): Promise<Ticket> {
    return this.tickets.save({ subject, owner: { id: Number(who.sub) } });
  }

  async change(ticket: Ticket, change: Partial<Ticket>): Promise<Ticket> {
    return this.tickets.save({ ...ticket, ...change });
  }

  async remove(ticket: Ticket): Promise<void> {
    await this.tickets.delete({ id: ticket.id });
  }

  commentsOf(ticket: Ticket): Promise<Comment[]> {
    return this.comments.find({ where: { ticket: { id: ticket.id } }, order: { id: "ASC" } });
  }

  async comment(ticket: Ticket, text: string): Promise<{ id: number; text: string }> {
    const { id } = await this.comments.save({ text, ticket: { id: ticket.id } });
    return { id, text };
  }

  async *all(): AsyncGenerator<Ticket> {
    const step = 100;
    for (let skip = 0; ; skip += step) {
      const page = await this.tickets.find({ take: step, skip, order: { id: "ASC" } });
      yield* page;
      if (page.length < step) return;
    }
  }
}
